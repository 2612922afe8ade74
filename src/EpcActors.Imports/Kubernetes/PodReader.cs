using EpcActors.Imports.Reading;
using EpcActors.Scenarios.Text;

namespace EpcActors.Imports.Kubernetes;

/// <summary>Reads the containers of a pod spec.</summary>
internal static class PodReader
{
    private const string Enclave = "sgx.intel.com/enclave";
    private const string Provision = "sgx.intel.com/provision";

    /// <summary>Resources that stand for EPC, and the bytes of one unit.</summary>
    private static readonly (string Name, long Unit)[] Resources =
    [
        (EpcClaim.Intel, 1),
        ("kubernetes.azure.com/sgx_epc_mem_in_MiB", 1 << 20),
        ("alibabacloud.com/sgx_epc_MiB", 1 << 20),
    ];

    /// <summary>EPC of a Node object or a container: resource, text, bytes and place; null without any.</summary>
    /// <param name="resources">A map from resource to quantity, e.g. <c>status.allocatable</c>.</param>
    public static EpcClaim? EpcOf(Fields resources)
    {
        EpcClaim? found = null;
        foreach ((string name, long unit) in Resources)
        {
            if (resources.Scalar(name) is not { } value)
            {
                continue;
            }

            if (Read(resources, name, unit, value) is not { } claim)
            {
                continue;
            }

            if (found is not null)
            {
                resources.Log.Note(
                    value.Origin,
                    resources.PathOf(name),
                    $"{found.Resource} is claimed as well; the larger of the two counts");
            }

            found = found is null || claim.Bytes > found.Bytes ? claim : found;
        }

        return found;
    }

    /// <summary>Containers in the order in which they begin.</summary>
    public static IReadOnlyList<ContainerSpec> Containers(Fields spec)
    {
        List<ContainerSpec> containers = [];
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (string list in (string[])["initContainers", "containers"])
        {
            foreach (Fields fields in spec.Maps(list))
            {
                bool isInit = list == "initContainers";
                ContainerRole role = !isInit ? ContainerRole.App
                    : fields.Text("restartPolicy") == "Always" ? ContainerRole.Sidecar : ContainerRole.Init;
                if (ReadContainer(fields, role) is { } container)
                {
                    if (!names.Add(container.Name))
                    {
                        spec.Log.Error(
                            container.Origin,
                            fields.Path,
                            $"there is another container '{container.Name}' in this pod",
                            "give one of the two another name");
                        continue;
                    }

                    containers.Add(container);
                }
            }
        }

        if (!spec.Has("containers"))
        {
            spec.Log.Error(spec.Origin, spec.Path, "a pod has no containers", "add containers: [ … ]");
        }

        return containers;
    }

    private static ContainerSpec? ReadContainer(Fields fields, ContainerRole role)
    {
        DataScalar? name = fields.Scalar("name");
        if (name is null || !Names.IsLabel(name.Text))
        {
            fields.Log.Error(
                name?.Origin ?? fields.Origin,
                fields.PathOf("name"),
                name is null ? "a container has no name" : $"'{name.Text}' is not a name of a container",
                "write lower-case letters, digits and '-'");
            return null;
        }

        Fields resources = fields.Map("resources");
        Fields limits = resources.Map("limits");
        Fields requests = resources.Map("requests");
        NoteUnknown(limits);
        NoteUnknown(requests);
        return new ContainerSpec(name.Text, role, name.Origin)
        {
            Claim = ReadClaim(limits, requests),
            HasDevice = limits.Has(Enclave) || requests.Has(Enclave),
            Cpus = ReadCpus(limits) ?? ReadCpus(requests),
            Memory = ReadBytes(limits, "memory"),
        };
    }

    /// <summary>Limits and requests of an extended resource must be equal, and a limit must be there.</summary>
    private static EpcClaim? ReadClaim(Fields limits, Fields requests)
    {
        EpcClaim? limit = EpcOf(limits);
        EpcClaim? request = EpcOf(requests);
        if (request is not null && limit is null)
        {
            requests.Log.Error(
                request.Origin,
                requests.PathOf(request.Resource),
                "a request of an extended resource needs a limit of the same size",
                $"add resources.limits: {request.Resource}: {request.Text}");
            return request;
        }

        if (request is not null && limit is not null && request.Bytes != limit.Bytes)
        {
            requests.Log.Error(
                request.Origin,
                requests.PathOf(request.Resource),
                $"the request is {request.Text} and the limit {limit.Text}; Kubernetes takes an extended resource only "
                    + "when both are equal",
                "drop the request: it is the limit then");
        }

        return limit;
    }

    private static EpcClaim? Read(Fields resources, string name, long unit, DataScalar value)
    {
        string path = resources.PathOf(name);
        if (value.Scalar is ScalarKind.Boolean || !Quantity.TryParse(value.Text, out Quantity quantity))
        {
            resources.Log.Error(
                value.Origin, path, $"found {value.Kind}; expected a quantity", Quantity.Remedy(value.Text));
            return null;
        }

        if (!quantity.IsWhole || quantity.Numerator.Sign < 0)
        {
            resources.Log.Error(
                value.Origin,
                path,
                $"{value.Text} is not a whole number; an extended resource has no parts",
                "write whole bytes, for example 64Mi");
            return null;
        }

        if (quantity.Numerator.IsZero)
        {
            return null;
        }

        System.Numerics.BigInteger bytes = quantity.Numerator / quantity.Denominator * unit;
        if (bytes > 1L << 42)
        {
            string example = unit == 1 ? "64Mi" : "64";
            resources.Log.Error(
                value.Origin,
                path,
                $"{value.Text} is more EPC than any machine has"
                    + (unit == 1 ? "" : "; this resource counts MiB already"),
                $"write for example {example}");
            return null;
        }

        if (unit != 1)
        {
            resources.Log.Note(
                value.Origin,
                path,
                $"{name} counts MiB: {value.Text} is {bytes} bytes; with {EpcClaim.Intel}, which counts bytes, it is "
                    + $"{value.Text}Mi");
        }
        else if (bytes < 1 << 20)
        {
            resources.Log.Note(
                value.Origin,
                path,
                $"{name} counts bytes: {value.Text} is {bytes} of them; for MiB write {value.Text}Mi");
        }

        return new EpcClaim(name, value.Text, (long)bytes, value.Origin);
    }

    private static void NoteUnknown(Fields resources)
    {
        string[] known = [.. Resources.Select(one => one.Name), Enclave, Provision];
        foreach (string key in resources.Keys)
        {
            if (key.Contains("sgx", StringComparison.OrdinalIgnoreCase) && !known.Contains(key))
            {
                resources.Log.Note(
                    resources.KeyOrigin(key),
                    resources.PathOf(key),
                    $"this resource is not read; {Suggestions.Remedy(key, known)}");
            }
        }
    }

    private static Placed<int>? ReadCpus(Fields resources) => CpusOf(resources);

    /// <summary>The resource <c>cpu</c>, rounded up to whole CPUs.</summary>
    public static Placed<int>? CpusOf(Fields resources) => ReadQuantity(resources, "cpu") is { } cpu && cpu.Value > 0
        ? new Placed<int>((int)Math.Min(cpu.Value, 4096), cpu.Text, cpu.Origin)
        : null;

    private static Placed<long>? ReadBytes(Fields resources, string name) =>
        ReadQuantity(resources, name) is { Value: > 0 } bytes ? bytes : null;

    private static Placed<long>? ReadQuantity(Fields resources, string name)
    {
        if (resources.Scalar(name) is not { } value)
        {
            return null;
        }

        if (Quantity.TryParse(value.Text, out Quantity quantity) && quantity.Numerator.Sign >= 0)
        {
            return new Placed<long>(quantity.Ceiling, value.Text, value.Origin);
        }

        resources.Log.Error(
            value.Origin,
            resources.PathOf(name),
            $"found {value.Kind}; expected a quantity",
            Quantity.Remedy(value.Text));
        return null;
    }
}

/// <summary>Names of Kubernetes objects.</summary>
internal static class Names
{
    /// <summary>A DNS label or subdomain: what objects and containers are called.</summary>
    public static bool IsLabel(string name) =>
        name.Length is > 0 and <= 253
        && name.All(static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.')
        && char.IsAsciiLetterOrDigit(name[0]);
}
