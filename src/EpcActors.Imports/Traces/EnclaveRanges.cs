namespace EpcActors.Imports.Traces;

/// <summary>Ranges of enclaves as people have them.</summary>
public static class EnclaveRanges
{
    private const string Device = "sgx_enclave";

    /// <summary>Reads <c>web=0x7f0000000000-0x7f0004000000</c>; null when it is not a range.</summary>
    public static EnclaveRange? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int equals = text.LastIndexOf('=');
        int dash = text.IndexOf('-', Math.Max(0, equals));
        if (equals <= 0 || dash < 0 || text[..equals].Any(char.IsWhiteSpace))
        {
            return null;
        }

        return LineFields.TryHex(text.AsSpan((equals + 1)..dash), out ulong start)
            && LineFields.TryHex(text.AsSpan(dash + 1), out ulong end)
            && start < end
                ? new EnclaveRange(text[..equals], start, end)
                : null;
    }

    /// <summary>
    /// From the first to the last mapping of /dev/sgx_enclave in a copy of /proc/PID/maps; null when there is none.
    /// </summary>
    public static EnclaveRange? OfMaps(TextReader maps, string name)
    {
        ArgumentNullException.ThrowIfNull(maps);
        ulong least = ulong.MaxValue;
        ulong most = 0;
        LineReader lines = new(maps, "maps");
        while (lines.TryRead(out ReadOnlySpan<char> line))
        {
            int dash = line.IndexOf('-');
            int blank = line.IndexOf(' ');
            if (
                line.Contains(Device, StringComparison.Ordinal)
                && dash > 0
                && blank > dash
                && LineFields.TryHex(line[..dash], out ulong start)
                && LineFields.TryHex(line[(dash + 1)..blank], out ulong end))
            {
                least = Math.Min(least, start);
                most = Math.Max(most, end);
            }
        }

        return least < most ? new EnclaveRange(name, least, most) : null;
    }
}
