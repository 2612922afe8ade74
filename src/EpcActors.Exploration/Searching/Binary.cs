using System.Runtime.InteropServices;

namespace EpcActors.Exploration;

/// <summary>Arrays of numbers in a file: how many, and their bytes.</summary>
internal static class Binary
{
    public static void WriteAll<T>(this BinaryWriter writer, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        writer.Write(values.Length);
        writer.Write(MemoryMarshal.AsBytes(values));
    }

    /// <exception cref="EndOfStreamException">There are fewer.</exception>
    public static T[] ReadAll<T>(this BinaryReader reader)
        where T : unmanaged
    {
        int count = reader.ReadInt32();
        if (count < 0)
        {
            throw new InvalidDataException($"{count} values");
        }

        // In pieces: a count that is not true must not take all memory before the end of the file shows it.
        const int Piece = 1 << 20;
        T[] values = new T[Math.Min(count, Piece)];
        for (int read = 0; read < count; read = Math.Min(count, read + Piece))
        {
            int end = Math.Min(count, read + Piece);
            if (end > values.Length)
            {
                Array.Resize(ref values, (int)Math.Min(count, Math.Max(end, values.Length * 2L)));
            }

            reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan(read, end - read)));
        }

        return values;
    }
}
