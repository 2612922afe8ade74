using System.Globalization;
using EpcActors.Hocon;
using EpcActors.Imports.Reading;
using EpcActors.Scenarios.Text;

namespace EpcActors.Imports.Kubernetes;

/// <summary>
/// Annotations of a pod that are read here, each with the look-up order of the NRI plug-in sgx-epc:
/// <c>PREFIX/container.NAME</c>, then <c>PREFIX/pod</c>, which is short for each container, then <c>PREFIX</c>.
/// </summary>
internal sealed class PodAnnotations
{
    /// <summary>misc.max of a container, plain decimal bytes.</summary>
    public const string Limit = "epc-limit.nri.io";

    /// <summary>Workload preset of a container's enclave. Ours.</summary>
    public const string Workload = "workload.epcactors.dev";

    /// <summary>Heap of a container's enclave, a quantity. Ours.</summary>
    public const string Heap = "heap.epcactors.dev";

    /// <summary>Threads of a container's enclave. Ours.</summary>
    public const string Threads = "threads.epcactors.dev";

    private const string ContainerPart = "/container.";
    private const string PodPart = "/pod";

    private static readonly string[] Prefixes = [Limit, Workload, Heap, Threads];

    private readonly Dictionary<string, DataScalar> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HoconOrigin> _keys = new(StringComparer.Ordinal);
    private readonly ImportLog _log;
    private readonly string _path;

    /// <param name="annotations">The map <c>metadata.annotations</c> of a pod or of a template.</param>
    public PodAnnotations(Fields annotations)
    {
        _log = annotations.Log;
        _path = annotations.Path;
        foreach (string key in annotations.Keys)
        {
            if (Array.Exists(Prefixes, prefix => IsOf(key, prefix)))
            {
                Keep(annotations, key);
            }
            else if (Meant(key) is { } meant)
            {
                _log.Error(
                    annotations.KeyOrigin(key), _path, $"there is no annotation '{key}'", $"did you mean '{meant}'?");
            }
        }
    }

    /// <summary>The value for a container, and the key that it stands under; null without any.</summary>
    public (string Key, DataScalar Value)? For(string prefix, string container)
    {
        foreach (string key in (string[])[prefix + ContainerPart + container, prefix + PodPart, prefix])
        {
            if (_values.TryGetValue(key, out DataScalar? value))
            {
                return (key, value);
            }
        }

        return null;
    }

    /// <summary>Whether a key names this container.</summary>
    public bool Names(string container) =>
        Prefixes.Any(prefix => _values.ContainsKey(prefix + ContainerPart + container));

    /// <summary>Reports every container that is named and not there.</summary>
    public void RequireContainers(IReadOnlyCollection<string> containers)
    {
        foreach (string key in _values.Keys)
        {
            int at = key.IndexOf(ContainerPart, StringComparison.Ordinal);
            if (at >= 0 && key[(at + ContainerPart.Length)..] is string name && !containers.Contains(name))
            {
                _log.Error(
                    _keys[key],
                    $"{_path}.{key}",
                    $"the pod has no container '{name}'",
                    Suggestions.Remedy(name, containers));
            }
        }
    }

    /// <summary>misc.max of a container in bytes; null without an annotation; 0 is not a limit.</summary>
    public Placed<long>? LimitOf(string container)
    {
        if (For(Limit, container) is not (string key, DataScalar value))
        {
            return null;
        }

        if (ulong.TryParse(value.Text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong bytes))
        {
            return new Placed<long>((long)Math.Min(bytes, long.MaxValue), key, value.Origin);
        }

        string remedy = Quantity.TryParse(value.Text.Trim(), out Quantity quantity) && quantity.Ceiling > 0
            ? $"write \"{quantity.Ceiling.ToString(CultureInfo.InvariantCulture)}\""
            : "write for example \"67108864\"";
        _log.Error(
            value.Origin,
            $"{_path}.{key}",
            $"found {value.Kind}; the NRI plug-in takes plain decimal bytes and refuses the container for "
                + "anything else",
            remedy);
        return null;
    }

    private void Keep(Fields annotations, string key)
    {
        if (annotations.Scalar(key) is not { } value)
        {
            return;
        }

        if (value.Scalar != ScalarKind.Text)
        {
            _log.Note(
                value.Origin,
                $"{_path}.{key}",
                $"annotations are texts: the API server refuses {value.Kind}; write it between quotes");
        }

        string rest = key[key.IndexOf('/', StringComparison.Ordinal) is var slash and >= 0 ? slash.. : key.Length..];
        if (rest.Length > 0 && rest != PodPart && !rest.StartsWith(ContainerPart, StringComparison.Ordinal))
        {
            string prefix = Prefixes.First(prefix => IsOf(key, prefix));
            _log.Error(
                annotations.KeyOrigin(key),
                _path,
                $"there is no annotation '{key}'",
                $"allowed: {prefix}{ContainerPart}NAME, {prefix}{PodPart}, {prefix}");
            return;
        }

        _values[key] = value;
        _keys[key] = annotations.KeyOrigin(key);
    }

    private static bool IsOf(string key, string prefix) =>
        key == prefix || key.StartsWith(prefix + "/", StringComparison.Ordinal);

    /// <summary>The annotation that a near miss means; others are the business of other programs.</summary>
    private static string? Meant(string key)
    {
        string prefix = key.Split('/')[0];
        return Array.Find(Prefixes, one => Suggestions.Distance(prefix, one) is 1 or 2) is { } meant
            ? meant + key[prefix.Length..]
            : null;
    }
}
