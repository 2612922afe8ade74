using System.Buffers.Binary;
using System.Text;

namespace EpcActors.Mount.Fuse;

/// <summary>
/// Reads the fields of a request in their order. A request that is too short is remembered, not thrown: the caller asks
/// once at the end (<see cref="IsValid"/>).
/// </summary>
internal ref struct FuseReader(ReadOnlySpan<byte> bytes)
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: false);

    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>Every field asked for was there.</summary>
    public bool IsValid { get; private set; } = true;

    public readonly int Left => _rest.Length;

    public uint U32() => Take(4) is { Length: 4 } field ? BinaryPrimitives.ReadUInt32LittleEndian(field) : 0;

    public ulong U64() => Take(8) is { Length: 8 } field ? BinaryPrimitives.ReadUInt64LittleEndian(field) : 0;

    public void Skip(int bytes) => Take(bytes);

    /// <summary>A name up to its NUL.</summary>
    public string Name()
    {
        int end = _rest.IndexOf((byte)0);
        if (end <= 0)
        {
            IsValid = false;
            return "";
        }

        string name = Strict.GetString(_rest[..end]);
        _rest = _rest[(end + 1)..];
        return name;
    }

    /// <summary>The next bytes; none when there are fewer.</summary>
    public ReadOnlySpan<byte> Take(uint bytes)
    {
        if (bytes > (uint)_rest.Length)
        {
            IsValid = false;
            _rest = [];
            return [];
        }

        ReadOnlySpan<byte> taken = _rest[..(int)bytes];
        _rest = _rest[(int)bytes..];
        return taken;
    }

    private ReadOnlySpan<byte> Take(int bytes) => Take((uint)bytes);
}
