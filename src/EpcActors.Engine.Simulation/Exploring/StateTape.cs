using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EpcActors.Engine.Simulation.Exploring;

/// <summary>
/// States written one behind the other: numbers as bytes, references as such. What was written last is taken off first.
/// </summary>
internal sealed class StateTape
{
    private byte[] _bytes = new byte[4096];
    private Reference[] _objects = new Reference[256];
    private int _byteEnd;
    private int _objectEnd;
    private int _used;

    /// <summary>Where the next value is written or read.</summary>
    public (int Bytes, int Objects) Position => (_byteEnd, _objectEnd);

    /// <summary>Goes to a place on the tape: to read from there, or to write over what is behind it.</summary>
    public void GoTo((int Bytes, int Objects) position) => (_byteEnd, _objectEnd) = position;

    /// <summary>Lets go of the objects behind a place.</summary>
    public void CutBehind((int Bytes, int Objects) position)
    {
        if (_used > position.Objects)
        {
            Array.Clear(_objects, position.Objects, _used - position.Objects);
            _used = position.Objects;
        }

        GoTo(position);
    }

    public void Put<T>(T value)
        where T : struct
    {
        int size = Unsafe.SizeOf<T>();
        Reserve(size);
        Unsafe.WriteUnaligned(ref _bytes[_byteEnd], value);
        _byteEnd += size;
    }

    public T Take<T>()
        where T : struct
    {
        T value = Unsafe.ReadUnaligned<T>(ref _bytes[_byteEnd]);
        _byteEnd += Unsafe.SizeOf<T>();
        return value;
    }

    /// <summary>An array of numbers; its length is that of the array when it is taken.</summary>
    public void PutAll<T>(T[] values)
        where T : struct
    {
        ReadOnlySpan<byte> bytes = Bytes(values);
        Reserve(bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(_byteEnd));
        _byteEnd += bytes.Length;
    }

    public void TakeAll<T>(T[] values)
        where T : struct
    {
        Span<byte> bytes = Bytes(values);
        _bytes.AsSpan(_byteEnd, bytes.Length).CopyTo(bytes);
        _byteEnd += bytes.Length;
    }

    public void PutObject(object? value)
    {
        if (_objectEnd == _objects.Length)
        {
            Array.Resize(ref _objects, _objects.Length * 2);
        }

        _objects[_objectEnd++].Value = value;
        _used = Math.Max(_used, _objectEnd);
    }

    public object? TakeObject() => _objects[_objectEnd++].Value;

    /// <summary>The bytes of structs without references.</summary>
    private static Span<byte> Bytes<T>(T[] values)
        where T : struct =>
        values.Length == 0 ? []
        : MemoryMarshal.CreateSpan(
            ref Unsafe.As<T, byte>(ref MemoryMarshal.GetArrayDataReference(values)),
            values.Length * Unsafe.SizeOf<T>());

    private void Reserve(int size)
    {
        if (_byteEnd + size > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _byteEnd + size));
        }
    }

    /// <summary>An array of these is written without a look at the type of the array.</summary>
    private struct Reference
    {
        public object? Value;
    }
}
