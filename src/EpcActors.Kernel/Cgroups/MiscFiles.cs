using System.Globalization;
using System.Text;

namespace EpcActors.Kernel.Cgroups;

/// <summary>Answer to a write of <c>misc.max</c>, in the kernel's words.</summary>
public enum MiscWriteResult
{
    /// <summary>Accepted: the write returns the number of bytes.</summary>
    Ok,

    /// <summary>
    /// -EINVAL: not <c>NAME VALUE</c>, an unknown name, not a number, or a resource this machine does not have.
    /// </summary>
    EINVAL,

    /// <summary>-ERANGE: a number above 2^64 - 1.</summary>
    ERANGE,
}

/// <summary>
/// The text of the misc controller's files, byte for byte as kernel/cgroup/misc.c reads and writes it.
/// Values are bytes for the EPC. Nothing here holds state.
/// </summary>
public static class MiscFiles
{
    /// <summary>Name of a file as it stands in the cgroup directory.</summary>
    public static string NameOf(MiscFile file) => file switch
    {
        MiscFile.Capacity => "misc.capacity",
        MiscFile.Max => "misc.max",
        MiscFile.Current => "misc.current",
        MiscFile.Peak => "misc.peak",
        MiscFile.Events => "misc.events",
        MiscFile.EventsLocal => "misc.events.local",
    };

    /// <summary>Name of a resource as it stands in the files (<c>misc_res_name</c>).</summary>
    public static string NameOf(MiscResource resource) => resource switch
    {
        MiscResource.Sev => "sev",
        MiscResource.SevEs => "sev_es",
        MiscResource.Tdx => "tdx",
        MiscResource.SgxEpc => "sgx_epc",
    };

    /// <summary><c>misc.capacity</c>: what the machine has. A resource it lacks (0) has no line.</summary>
    public static string FormatCapacity(in MiscValues capacities)
    {
        StringBuilder text = new();
        for (int i = 0; i < MiscValues.Count; i++)
        {
            MiscResource resource = (MiscResource)i;
            if (capacities[resource] != 0)
            {
                AppendLine(text, resource, "", capacities[resource]);
            }
        }

        return text.ToString();
    }

    /// <summary>
    /// <c>misc.max</c>: limits as they were written, unrounded, also above the capacity; <c>max</c> for none.
    /// </summary>
    public static string FormatMax(in MiscValues capacities, in MiscValues limits)
    {
        StringBuilder text = new();
        for (int i = 0; i < MiscValues.Count; i++)
        {
            MiscResource resource = (MiscResource)i;
            if (capacities[resource] == 0)
            {
                continue;
            }

            if (Limit.Of(limits[resource]).IsMax)
            {
                text.Append(NameOf(resource)).Append(" max\n");
            }
            else
            {
                AppendLine(text, resource, "", limits[resource]);
            }
        }

        return text.ToString();
    }

    /// <summary>
    /// <c>misc.current</c>: charged now. Shown without a capacity too, as long as something is charged.
    /// </summary>
    public static string FormatCurrent(in MiscValues capacities, in MiscValues usages) =>
        FormatPresent(capacities, usages, "");

    /// <summary><c>misc.peak</c>: the high-water marks.</summary>
    public static string FormatPeak(in MiscValues capacities, in MiscValues peaks) =>
        FormatPresent(capacities, peaks, "");

    /// <summary><c>misc.events</c> and <c>misc.events.local</c>: how often a charge met the limit.</summary>
    public static string FormatEvents(in MiscValues capacities, in MiscValues counts) =>
        FormatPresent(capacities, counts, ".max");

    /// <summary>A write to <c>misc.max</c> on a machine that has the EPC and no other resource.</summary>
    /// <inheritdoc cref="ParseMaxWrite(ReadOnlySpan{byte}, in MiscValues, out MiscResource, out ulong)"/>
    public static MiscWriteResult ParseMaxWrite(
        ReadOnlySpan<byte> text, ulong capacity, out MiscResource resource, out ulong value) =>
        ParseMaxWrite(text, MiscValues.OfSgxEpc(capacity), out resource, out value);

    /// <summary>As the overload for bytes, the text being written as UTF-8.</summary>
    /// <inheritdoc cref="ParseMaxWrite(ReadOnlySpan{byte}, in MiscValues, out MiscResource, out ulong)"/>
    public static MiscWriteResult ParseMaxWrite(
        string text, ulong capacity, out MiscResource resource, out ulong value) =>
        ParseMaxWrite(text, MiscValues.OfSgxEpc(capacity), out resource, out value);

    /// <summary>As the overload for bytes, the text being written as UTF-8.</summary>
    /// <inheritdoc cref="ParseMaxWrite(ReadOnlySpan{byte}, in MiscValues, out MiscResource, out ulong)"/>
    public static MiscWriteResult ParseMaxWrite(
        string text, in MiscValues capacities, out MiscResource resource, out ulong value)
    {
        ArgumentNullException.ThrowIfNull(text);
        return ParseMaxWrite(Encoding.UTF8.GetBytes(text), capacities, out resource, out value);
    }

    /// <summary>
    /// One write to <c>misc.max</c>: <c>NAME VALUE</c>, one key at a time (<c>misc_cg_max_write</c>).
    /// </summary>
    /// <remarks>
    /// The checks come in the kernel's order, which decides the errno when several fail: form, name, number, and only
    /// then whether the machine has the resource. A value above the capacity or off a page boundary is accepted as it
    /// is. The layer above refuses writes longer than a page (E2BIG) before they come here.
    /// </remarks>
    /// <param name="text">The bytes of one write(2).</param>
    /// <param name="capacities">What the machine has of each resource.</param>
    /// <param name="resource">Whose limit to store; meaningful only with <see cref="MiscWriteResult.Ok"/>.</param>
    /// <param name="value">The limit to store, that of <see cref="Limit.Max"/> for <c>max</c>; 0 unless Ok.</param>
    public static MiscWriteResult ParseMaxWrite(
        ReadOnlySpan<byte> text, in MiscValues capacities, out MiscResource resource, out ulong value)
    {
        resource = MiscResource.SgxEpc;
        value = 0;

        // To the kernel the buffer is a C string: what follows a NUL was never there.
        int terminator = text.IndexOf((byte)0);
        text = Strip(terminator < 0 ? text : text[..terminator]);

        // strsep: only the first blank separates, so a second one belongs to the value and spoils it.
        int blank = text.IndexOf((byte)' ');
        if (blank < 0 || !TryFindResource(text[..blank], out MiscResource named))
        {
            return MiscWriteResult.EINVAL;
        }

        ReadOnlySpan<byte> number = text[(blank + 1)..];
        ulong parsed = Limit.Max.Value;
        if (!number.SequenceEqual("max"u8))
        {
            MiscWriteResult result = ParseUnsigned(number, out parsed);
            if (result != MiscWriteResult.Ok)
            {
                return result;
            }
        }

        if (capacities[named] == 0)
        {
            return MiscWriteResult.EINVAL;
        }

        resource = named;
        value = parsed;
        return MiscWriteResult.Ok;
    }

    /// <summary>
    /// <c>kstrtou64(s, 0, …)</c> of lib/kstrtox.c: an optional <c>+</c>, then <c>0x</c> and a hexadecimal digit,
    /// or <c>0</c> for octal, or decimal; at most one newline behind it and nothing else.
    /// </summary>
    /// <remarks>
    /// Too large a number is ERANGE even when rubbish follows it, because the digits are read before the rest is
    /// looked at.
    /// <c>0x</c> without a digit is the octal number 0 followed by rubbish.
    /// </remarks>
    public static MiscWriteResult ParseUnsigned(ReadOnlySpan<byte> text, out ulong value)
    {
        value = 0;
        if (text.Length > 0 && text[0] == (byte)'+')
        {
            text = text[1..];
        }

        uint radix = 10;
        if (text.Length > 0 && text[0] == (byte)'0')
        {
            radix = 8;
            if (text.Length > 2 && (text[1] | 0x20) == 'x' && DigitOf(text[2]) < 16)
            {
                radix = 16;
                text = text[2..];
            }
        }

        ulong result = 0;
        int digits = 0;
        bool overflows = false;
        while (digits < text.Length && DigitOf(text[digits]) is uint digit && digit < radix)
        {
            overflows |= result > (ulong.MaxValue - digit) / radix;
            result = unchecked((result * radix) + digit);
            digits++;
        }

        if (overflows)
        {
            return MiscWriteResult.ERANGE;
        }

        ReadOnlySpan<byte> rest = text[digits..];
        if (digits == 0 || (rest.Length > 0 && !rest.SequenceEqual("\n"u8)))
        {
            return MiscWriteResult.EINVAL;
        }

        value = result;
        return MiscWriteResult.Ok;
    }

    private static string FormatPresent(in MiscValues capacities, in MiscValues values, string suffix)
    {
        StringBuilder text = new();
        for (int i = 0; i < MiscValues.Count; i++)
        {
            MiscResource resource = (MiscResource)i;
            if (capacities[resource] != 0 || values[resource] != 0)
            {
                AppendLine(text, resource, suffix, values[resource]);
            }
        }

        return text.ToString();
    }

    private static void AppendLine(StringBuilder text, MiscResource resource, string suffix, ulong value) =>
        text.Append(NameOf(resource)).Append(suffix).Append(' ')
            .Append(value.ToString(CultureInfo.InvariantCulture)).Append('\n');

    private static bool TryFindResource(ReadOnlySpan<byte> name, out MiscResource resource)
    {
        for (int i = 0; i < MiscValues.Count; i++)
        {
            resource = (MiscResource)i;
            if (Ascii.Equals(name, NameOf(resource)))
            {
                return true;
            }
        }

        resource = default;
        return false;
    }

    private static ReadOnlySpan<byte> Strip(ReadOnlySpan<byte> text)
    {
        int start = 0;
        while (start < text.Length && IsSpace(text[start]))
        {
            start++;
        }

        int end = text.Length;
        while (end > start && IsSpace(text[end - 1]))
        {
            end--;
        }

        return text[start..end];
    }

    // lib/ctype.c knows Latin-1, where A0 is the blank that does not break.
    private static bool IsSpace(byte character) => character is (>= 9 and <= 13) or 0x20 or 0xA0;

    private static uint DigitOf(byte character) => character switch
    {
        >= (byte)'0' and <= (byte)'9' => (uint)(character - '0'),
        >= (byte)'a' and <= (byte)'f' => (uint)(character - 'a' + 10),
        >= (byte)'A' and <= (byte)'F' => (uint)(character - 'A' + 10),
        _ => uint.MaxValue,
    };
}
