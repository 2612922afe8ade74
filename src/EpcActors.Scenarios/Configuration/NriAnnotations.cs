using System.Globalization;
using System.Text.RegularExpressions;
using EpcActors.Hocon;
using EpcActors.Kernel.Cgroups;
using EpcActors.Scenarios.Text;

namespace EpcActors.Scenarios.Configuration;

/// <summary>
/// The annotations of a pod that the NRI plug-in sgx-epc reads. They limit the pod's containers, not the pod:
/// <c>epc-limit.nri.io/container.NAME</c> is for one of them, <c>epc-limit.nri.io/pod</c> is short for each, and
/// <c>epc-limit.nri.io</c> is for those that neither names.
/// </summary>
internal sealed partial class NriAnnotations
{
    private const string Prefix = "epc-limit.nri.io";
    private const string ContainerPrefix = Prefix + "/container.";

    private readonly ObjectReader _reader;
    private readonly string _pod;
    private readonly Dictionary<string, Limit> _ofContainer = new(StringComparer.Ordinal);
    /// <summary>Keys that are read; annotations of other programs may stand beside them.</summary>
    public const string KeyPattern = @"^epc-limit\.nri\.io(\x2f.*)?$";

    private readonly HashSet<string> _containers = new(StringComparer.Ordinal);
    private readonly Limit? _ofEach;

    /// <param name="reader">The block <c>annotations</c>.</param>
    /// <param name="pod">Path of the cgroup that it stands in.</param>
    public NriAnnotations(ObjectReader reader, string pod)
    {
        _reader = reader;
        _pod = pod;
        foreach (string key in (string[])[$"{Prefix}/pod", Prefix])
        {
            if (reader.TryGet(key, out Setting? setting))
            {
                Limit limit = ReadLimit(setting);
                _ofEach ??= limit;
            }
        }

        foreach (string key in reader.Keys)
        {
            // Annotations of other programs are none of our business; a near miss is.
            if (key.StartsWith(ContainerPrefix, StringComparison.Ordinal) && reader.TryGet(key, out Setting? setting))
            {
                _ofContainer[key[ContainerPrefix.Length..]] = ReadLimit(setting);
            }
            else if (key == "epc-limit")
            {
                reader.Error(key, "dots outside quotes divide a key", $"put the key between quotes: \"{Prefix}/pod\"");
                reader.Allow(key);
            }
            else if (!key.StartsWith("epc", StringComparison.Ordinal))
            {
                reader.Allow(key);
            }
        }

        reader.Finish("the annotations");
    }

    /// <summary>misc.max of a container; null when no annotation limits it.</summary>
    public Limit? LimitOf(string container)
    {
        _containers.Add(container);
        return _ofContainer.TryGetValue(container, out Limit limit) ? limit : _ofEach;
    }

    /// <summary>Reports every container that is named and not there.</summary>
    /// <param name="others">Containers beside it, whose annotations may stand here as well.</param>
    public void Finish(IEnumerable<string> others)
    {
        HashSet<string> known = [.. _containers, .. others];
        foreach (string name in _ofContainer.Keys.Where(name => !known.Contains(name)))
        {
            _reader.Error(
                ContainerPrefix + name,
                $"there is no container '{name}' in {_pod}",
                Suggestions.Remedy(name, [.. _containers])
                    + "; a container is a cgroup below its pod, or has container = NAME");
        }
    }

    /// <summary>A quantity as Kubernetes writes it; 0 is not a limit.</summary>
    private static Limit ReadLimit(Setting setting)
    {
        if (
            setting.Value is HoconString or HoconNumber
            && TryQuantity(setting, setting.Value.AsString().Trim(), out long bytes))
        {
            return bytes == 0 ? Limit.Max : Limit.OfBytes(bytes);
        }

        string remedy = "write bytes, or a number with Ki, Mi or Gi (powers of 1024) or k, M or G (powers of 1000)";
        if (setting.StringOrNull is { } text && HoconUnits.TryParseSize(text, out long meant, out _) && meant > 0)
        {
            remedy += $": {(meant % 1048576 == 0 ? $"{Setting.Number(meant / 1048576)}Mi" : Setting.Number(meant))}";
        }

        setting.Error(
            $"found {Setting.Describe(setting.Value)}; expected a quantity of bytes as Kubernetes writes it",
            remedy);
        return Limit.Max;
    }

    private static bool TryQuantity(Setting setting, string text, out long bytes)
    {
        bytes = 0;
        if (
            Quantity.Match(text) is not { Success: true } parts
            || !decimal.TryParse(
                parts.Groups["number"].ValueSpan,
                NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture,
                out decimal number))
        {
            return false;
        }

        string suffix = parts.Groups["suffix"].Value;
        int power =
            "kMGTPE".IndexOf(
                suffix.Length == 2 && suffix[0] == 'K' ? 'k' : suffix.FirstOrDefault(),
                StringComparison.Ordinal
            ) + 1;
        try
        {
            decimal factor = 1;
            for (int i = 0; i < power; i++)
            {
                factor *= suffix.EndsWith('i') ? 1024 : 1000;
            }

            _ = int.TryParse(
                parts.Groups["exponent"].ValueSpan,
                NumberStyles.AllowLeadingSign,
                CultureInfo.InvariantCulture,
                out int exponent);
            for (int i = 0; i < Math.Abs(exponent); i++)
            {
                factor = exponent < 0 ? factor / 10 : factor * 10;
            }

            // As in Kubernetes, a part of a byte is a whole one.
            bytes = (long)decimal.Ceiling(number * factor);
        }
        catch (OverflowException)
        {
            return false;
        }

        if (power > 0 && !suffix.EndsWith('i'))
        {
            setting.Note(
                $"{text} is {bytes.ToString("#,0", CultureInfo.InvariantCulture)} bytes, as Kubernetes counts;"
                    + $" HOCON and {parts.Groups["number"].Value}{char.ToUpperInvariant(suffix[0])}i count in powers "
                    + $"of 1024");
        }

        return true;
    }

    [GeneratedRegex(
        @"^\+?(?<number>\d{1,20}(\.\d{0,20})?|\.\d{1,20})"
            + @"((?<suffix>[KMGTPE]i|[kMGTPE])|[eE](?<exponent>[+-]?\d{1,2}))?$",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Quantity { get; }
}
