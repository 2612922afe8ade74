using System.Globalization;
using System.Text;
using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;

namespace EpcActors.Mount.CgroupFs;

/// <summary>Numbers and lists as cgroup files have them.</summary>
internal static class CgroupText
{
    private const long PageSize = 4096;

    /// <summary>Text without white space around it, up to a NUL (<c>strstrip</c>).</summary>
    public static string Strip(string text)
    {
        int end = text.IndexOf('\0', StringComparison.Ordinal);
        return (end < 0 ? text : text[..end]).Trim(' ', '\t', '\n', '\v', '\f', '\r');
    }

    /// <summary>A number of a process (<c>kstrtoint</c>, not negative): EINVAL for anything else.</summary>
    public static Errno ParseProcess(string text, out int process)
    {
        process = 0;
        MiscWriteResult result = MiscFiles.ParseUnsigned(Encoding.UTF8.GetBytes(Strip(text)), out ulong value);
        if (result == MiscWriteResult.ERANGE || value > int.MaxValue)
        {
            return Errno.EINVAL;
        }

        process = (int)value;
        return result == MiscWriteResult.Ok ? Errno.Ok : Errno.EINVAL;
    }

    /// <summary>
    /// A limit of the memory controller (<c>page_counter_memparse</c>): max, or bytes with K, M, G, T, P or E; whole
    /// pages, rounded down.
    /// </summary>
    public static Errno ParseMemory(string text, out Limit limit)
    {
        string stripped = Strip(text);
        limit = Limit.Max;
        if (stripped == "max")
        {
            return Errno.Ok;
        }

        bool isHex = stripped.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        int digits = isHex ? 2 : 0;
        while (digits < stripped.Length
            && (char.IsAsciiDigit(stripped[digits]) || (isHex && char.IsAsciiHexDigit(stripped[digits]))))
        {
            digits++;
        }

        // memparse() reads what it can and leaves the rest, which must be nothing; no digits are 0.
        UInt128 bytes = 0;
        if (digits > (isHex ? 2 : 0))
        {
            string number = stripped[(isHex ? 2 : 0)..digits];
            NumberStyles style = isHex ? NumberStyles.HexNumber : NumberStyles.None;
            bytes = UInt128.TryParse(number, style, CultureInfo.InvariantCulture, out UInt128 parsed)
                ? parsed : ulong.MaxValue;
        }

        string rest = stripped[digits..];
        int power = rest.Length == 0 ? 0
            : "KMGTPE".IndexOf(char.ToUpperInvariant(rest[0]), StringComparison.Ordinal) + 1;
        if (rest.Length > (power > 0 ? 1 : 0))
        {
            return Errno.EINVAL;
        }

        bytes <<= 10 * power;
        ulong capped = bytes > ulong.MaxValue ? ulong.MaxValue : (ulong)bytes;
        long pages = (long)(capped / (ulong)PageSize);

        // PAGE_COUNTER_MAX: as good as none.
        limit = pages >= long.MaxValue / PageSize ? Limit.Max : Limit.OfPages(pages);
        return Errno.Ok;
    }

    /// <summary>A limit of the tree (<c>cgroup.max.…</c>): max, or a number that is not negative; -1 for max.</summary>
    public static Errno ParseTreeLimit(string text, out int limit)
    {
        string stripped = Strip(text);
        limit = -1;
        if (stripped == "max")
        {
            return Errno.Ok;
        }

        MiscWriteResult result = MiscFiles.ParseUnsigned(Encoding.UTF8.GetBytes(stripped), out ulong value);
        if (result == MiscWriteResult.ERANGE || value > int.MaxValue)
        {
            return Errno.ERANGE;
        }

        limit = (int)value;
        return result == MiscWriteResult.Ok ? Errno.Ok : Errno.EINVAL;
    }

    public static string TreeLimit(int limit) =>
        limit < 0 ? "max\n" : string.Create(CultureInfo.InvariantCulture, $"{limit}\n");

    /// <summary>Bytes of a number of pages, in a line.</summary>
    public static string Bytes(long pages) =>
        string.Create(CultureInfo.InvariantCulture, $"{pages * PageSize}\n");

    /// <summary>Names of controllers in a line; an empty line for none.</summary>
    public static string Names(Controllers controllers)
    {
        List<string> names = [];
        if ((controllers & Controllers.Memory) != 0)
        {
            names.Add("memory");
        }

        if ((controllers & Controllers.Misc) != 0)
        {
            names.Add("misc");
        }

        return string.Join(' ', names) + "\n";
    }

    /// <summary>Numbers, one a line.</summary>
    public static string Lines(IEnumerable<int> numbers)
    {
        StringBuilder text = new();
        foreach (int number in numbers)
        {
            text.Append(number.ToString(CultureInfo.InvariantCulture)).Append('\n');
        }

        return text.ToString();
    }
}
