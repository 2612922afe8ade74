using System.Globalization;
using EpcActors.Hocon;
using EpcActors.Imports.Drafts;
using EpcActors.Imports.Reading;
using EpcActors.Kernel;
using EpcActors.Results.Text;
using EpcActors.Scenarios.Text;

namespace EpcActors.Imports.Kubernetes;

/// <summary>
/// Makes a scenario of Kubernetes objects: a cgroup for each container with EPC below its pod's, with the limit that
/// annotations or claims hand down, and an enclave in it.
/// </summary>
internal sealed class KubernetesImport
{
    /// <summary>Pods of one scenario: the loader takes 65,534 cgroups, and people read the text.</summary>
    private const int MostPods = 5000;

    private const string NotEnforced = "is bookkeeping: nothing enforces it";

    private readonly ImportOptions _options;
    private readonly ImportLog _log;
    private readonly ScenarioDraft _draft;
    private readonly UniqueNames _names = new();
    private readonly WorkloadChoice? _workload;
    private readonly List<(string Pod, long Bytes, HoconOrigin Origin)> _claims = [];
    private long _epcPages;
    private int _pods;

    private KubernetesImport(string title, ImportOptions options, ImportLog log)
    {
        _options = options;
        _log = log;
        _draft = new ScenarioDraft { Title = title };
        _workload = WorkloadChoice.OfOption(options, log);
    }

    public static ScenarioDraft Read(IReadOnlyList<InputText> inputs, ImportOptions options, ImportLog log)
    {
        ObjectCollector objects = new(log);
        foreach (InputText input in inputs)
        {
            IReadOnlyList<DataNode> documents = input.Text.TrimStart().StartsWith('{')
                ? [JsonText.Read(input.Text, input.Source, log)]
                : YamlText.Read(input.Text, input.Source, log);
            foreach (DataNode document in documents)
            {
                objects.Add(document);
            }
        }

        objects.Read();
        KubernetesImport import = new(inputs[0].Name, options, log);
        import.Fill(objects, new HoconOrigin(inputs[0].Source, 0, 0));
        return import._draft;
    }

    private void Fill(ObjectCollector objects, HoconOrigin file)
    {
        NodeSpec? node = ChooseNode(objects.Nodes);
        _epcPages = SetMachine(node);
        foreach (PodTemplate pod in objects.Pods)
        {
            if (node is not null && pod.NodeName is { } other && other != node.Name)
            {
                _log.Note(pod.Origin, "", $"{pod.Label} runs on node {other}, not on {node.Name}, and is left out");
                continue;
            }

            AddPods(pod);
        }

        if (objects.Others.Count > 0)
        {
            _log.Note(
                file, "", $"not read: {string.Join(", ", objects.Others.Select(one => $"{one.Value} {one.Key}"))}");
        }

        if (_draft.Enclaves.Count == 0 && !_log.HasErrors)
        {
            _log.Error(
                file,
                "",
                "no container of it asks for EPC",
                $"give one resources.limits: {EpcClaim.Intel}: 64Mi, or an annotation {PodAnnotations.Limit}/pod");
        }

        NoteClaims(node, file);
    }

    private NodeSpec? ChooseNode(List<NodeSpec> nodes)
    {
        if (_options.Node is { } name)
        {
            NodeSpec? chosen = nodes.Find(one => one.Name == name);
            if (chosen is null)
            {
                _log.Error(
                    new HoconOrigin("--node", 0, 0),
                    "",
                    $"there is no Node object '{name}' with EPC",
                    Suggestions.Remedy(name, [.. nodes.Select(one => one.Name)]));
            }

            return chosen;
        }

        if (nodes.Count > 1)
        {
            _log.Note(
                nodes[0].Origin,
                "",
                $"{nodes.Count} nodes have EPC; this is {nodes[0].Name}, and --node NAME takes another");
        }

        return nodes.FirstOrDefault();
    }

    private long SetMachine(NodeSpec? node)
    {
        if (node is null || _options.Machine is not null)
        {
            return MachineChoice.Named(_draft, _options, _log);
        }

        long pages = node.EpcBytes / KernelConstants.PageSize;
        if (pages == 0)
        {
            _log.Error(node.Origin, "", $"{node.EpcText} is less than a page", "write bytes, for example 98566144");
            return 0;
        }

        Sourced cpus = node.Cpus is { } count
            ? new Sourced(HoconText.Number(count.Value), $"cpu {count.Text}")
            : new Sourced("8", "8 CPUs assumed");
        MachineChoice.OneNode(
            _draft,
            pages,
            cpus,
            $"Node {node.Name}: {node.EpcText} ({Place.Short(node.Origin)}), {cpus.Why}; one NUMA node assumed");
        return pages;
    }

    private void AddPods(PodTemplate pod)
    {
        pod.Annotations.RequireContainers([.. pod.Containers.Select(one => one.Name)]);
        ContainerSpec[] containers = [.. pod.Containers.Where(one => HasEpc(pod, one))];
        if (containers.Length == 0)
        {
            _log.Note(pod.Origin, "", $"{pod.Label} asks for no EPC and is left out");
            return;
        }

        ContainerDraft[] drafts = [.. containers.Select(one => Draft(pod, one)).OfType<ContainerDraft>()];
        long initNs = drafts.Where(one => one.Spec.Role == ContainerRole.Init).Sum(one => one.BuildNs);
        _pods += pod.Replicas;
        if (_pods > MostPods)
        {
            throw _log.Fail(pod.Origin, "", $"more than {MostPods} pods", "import a part of them, or lower replicas");
        }

        string space = pod.Namespace == "default" ? "" : pod.Namespace + "_";
        for (int i = 0; i < pod.Replicas; i++)
        {
            string name = pod.Kind == "Pod" || (pod.Replicas == 1 && pod.Kind != "StatefulSet")
                ? pod.Name
                : string.Create(CultureInfo.InvariantCulture, $"{pod.Name}-{i}");
            string path = $"/kubepods/{space}{name}";
            string comment = i > 0 ? "" : $"{pod.Label} ({Place.Short(pod.Origin)}){pod.ReplicasWhy}";
            _claims.Add((space + name, PodClaim(pod), pod.Origin));
            long start = 0;
            foreach (ContainerDraft draft in drafts)
            {
                long begin = draft.Spec.Role == ContainerRole.App ? initNs : start;
                string enclave = drafts.Length == 1 ? space + name : $"{space}{name}_{draft.Spec.Name}";
                Emit(draft, path, enclave, begin, i > 0, comment);
                comment = "";
                start += draft.Spec.Role == ContainerRole.Init ? draft.BuildNs : 0;
            }
        }
    }

    /// <summary>
    /// A container has an enclave when it claims EPC or asks for the device, when an annotation names it, and, in a pod
    /// where none does either, when an annotation of the pod limits it.
    /// </summary>
    private static bool HasEpc(PodTemplate pod, ContainerSpec container)
    {
        if (container.Claim is not null || container.HasDevice || pod.Annotations.Names(container.Name))
        {
            return true;
        }

        return !pod.Containers.Any(one => one.Claim is not null || one.HasDevice || pod.Annotations.Names(one.Name))
            && (pod.Annotations.For(PodAnnotations.Limit, container.Name) is not null
                || pod.Annotations.For(PodAnnotations.Heap, container.Name) is not null);
    }

    /// <summary>Claim of a pod: the app containers, or the largest init container with its sidecars.</summary>
    private static long PodClaim(PodTemplate pod)
    {
        long apps = 0;
        long beside = 0;
        long most = 0;
        foreach (ContainerSpec container in pod.Containers)
        {
            long bytes = container.Claim?.Bytes ?? 0;
            switch (container.Role)
            {
                case ContainerRole.App:
                    apps += bytes;
                    break;
                case ContainerRole.Sidecar:
                    beside += bytes;
                    most = Math.Max(most, beside);
                    break;
                case ContainerRole.Init:
                    most = Math.Max(most, beside + bytes);
                    break;
            }
        }

        return Math.Max(apps + beside, most);
    }

    private ContainerDraft? Draft(PodTemplate pod, ContainerSpec container)
    {
        (int threads, string threadsWhy) = Threads(pod, container);
        WorkloadChoice workload = Workload(pod, container);
        Placed<long>? limit = pod.Annotations.LimitOf(container.Name);
        if (Heap(pod, container, limit, workload, threads) is not (long pages, string heapWhy))
        {
            return null;
        }

        return new ContainerDraft
        {
            Spec = container,
            Max = Max(container, limit),
            HeapPages = pages,
            Heap = new Sourced(HoconText.Pages(pages), heapWhy),
            ThreadCount = threads,
            Threads = new Sourced(HoconText.Number(threads), threadsWhy),
            Steps = container.Role == ContainerRole.Init
                ? new Sourced("[ touch ]", "assumed: an init container builds its enclave, touches all of it, and ends")
                : workload.Steps(pages),
        };
    }

    private (int Count, string Why) Threads(PodTemplate pod, ContainerSpec container)
    {
        if (pod.Annotations.For(PodAnnotations.Threads, container.Name) is (string key, DataScalar value))
        {
            if (
                int.TryParse(value.Text, NumberStyles.None, CultureInfo.InvariantCulture, out int count)
                && count is >= 1 and <= 4096)
            {
                return (count, $"annotation {key} ({Place.Short(value.Origin)})");
            }

            _log.Error(value.Origin, key, $"found {value.Kind}; expected a number of threads", "write 1 to 4096");
        }

        return container.Cpus is { } cpus
            ? (Math.Min(cpus.Value, 256), $"as many as CPUs: cpu {cpus.Text} ({Place.Short(cpus.Origin)})")
            : (1, "assumed: no cpu in its resources");
    }

    private WorkloadChoice Workload(PodTemplate pod, ContainerSpec container)
    {
        if (_workload is not null)
        {
            return _workload;
        }

        return pod.Annotations.For(PodAnnotations.Workload, container.Name) is (string key, DataScalar value)
            ? WorkloadChoice.Find(
                value.Text, $"annotation {key} ({Place.Short(value.Origin)})", value.Origin, key, _log)
                ?? WorkloadChoice.Default
            : WorkloadChoice.Default;
    }

    /// <summary>The heap: the annotation, else what fits the claim, else the limit, else the workload's own.</summary>
    private (long Pages, string Why)? Heap(
        PodTemplate pod,
        ContainerSpec container,
        Placed<long>? limit,
        WorkloadChoice workload,
        int threads)
    {
        if (pod.Annotations.For(PodAnnotations.Heap, container.Name) is (string key, DataScalar value))
        {
            if (Quantity.TryParse(value.Text, out Quantity heap)
                && heap.Ceiling is >= KernelConstants.PageSize and <= 1L << 42)
            {
                long whole = (heap.Ceiling + KernelConstants.PageSize - 1) / KernelConstants.PageSize;
                return (whole, $"{value.Text}: annotation {key} ({Place.Short(value.Origin)})");
            }

            _log.Error(
                value.Origin,
                key,
                $"found {value.Kind}; expected a quantity of at least a page",
                Quantity.Remedy(value.Text));
            return null;
        }

        (long Bytes, string Why, HoconOrigin Origin)? size = container.Claim is { } claim
            ? (claim.Bytes, $"what fits the claim, {claim.Text} ({Place.Short(claim.Origin)})", claim.Origin)
            : limit is { Value: > 0 and < 1L << 42 }
                ? (limit.Value, $"what fits {limit.Text} {limit.Value} ({Place.Short(limit.Origin)})", limit.Origin)
                : null;
        if (size is not { } known)
        {
            int own = workload.Preset.HeapPagesFor((int)Math.Clamp(_epcPages, 1, int.MaxValue - 1));
            return (own, $"assumed: that of the workload {workload.Preset.Name}; nothing claims or limits EPC");
        }

        long pages = EnclaveSize.HeapIn(known.Bytes / KernelConstants.PageSize, threads);
        if (pages < 1)
        {
            _log.Error(
                known.Origin,
                "",
                $"{known.Bytes} bytes hold no enclave of {Counted.Of(threads, "thread")}: its SECS, a VA page, code "
                    + "and TCS take more",
                known.Bytes < 4096 ? $"write {known.Bytes}Mi if MiB are meant" : "write at least 128Ki");
            return null;
        }

        return (pages, $"{known.Why}, beside SECS, VA pages, code and TCS");
    }

    private Sourced Max(ContainerSpec container, Placed<long>? limit)
    {
        if (limit is not null)
        {
            if (container.Claim is { IsIntel: true } claim && claim.Bytes != limit.Value)
            {
                _log.Note(
                    limit.Origin,
                    limit.Text,
                    $"the annotation says {limit.Value} bytes and the claim {claim.Bytes}; where Intel's webhook runs, "
                        + "it annotates the container with its claim, and that goes first");
            }

            return limit.Value is 0 or long.MaxValue
                ? new Sourced("max", $"{limit.Text} {limit.Value}: no limit ({Place.Short(limit.Origin)})")
                : new Sourced(HoconText.Bytes(limit.Value), $"{limit.Text} ({Place.Short(limit.Origin)})");
        }

        if (container.Claim is not { } own)
        {
            return new Sourced("max", "no annotation and no claim");
        }

        // The webhook looks at app containers only.
        string said = $"{own.Resource} {own.Text} ({Place.Short(own.Origin)})";
        return own.IsIntel && container.Role == ContainerRole.App && _options.Claims == ClaimUse.Limits
            ? new Sourced(HoconText.Bytes(own.Bytes), $"{said}, as the webhook annotates")
            : new Sourced("max", $"{said} {NotEnforced}");
    }

    private void Emit(ContainerDraft draft, string pod, string name, long startNs, bool isRepeated, string comment)
    {
        ContainerSpec spec = draft.Spec;
        string path = $"{pod}/{spec.Name}";
        Sourced Once(Sourced value) => isRepeated ? value with { Why = "" } : value;
        _draft.Cgroups.Add(new CgroupDraft(path)
        {
            Comment = comment,
            Max = Once(draft.Max),
            MemoryMax = spec.Memory is { } memory
                ? Once(new Sourced(
                    HoconText.Bytes(memory.Value), $"limits.memory {memory.Text} ({Place.Short(memory.Origin)})"))
                : null,
        });
        _draft.Enclaves.Add(new EnclaveDraft(_names.Next(name))
        {
            Cgroup = path,
            Heap = Once(draft.Heap),
            Pages = draft.HeapPages + EnclaveSize.Code(draft.ThreadCount),
            Threads = Once(draft.Threads),
            Start = startNs == 0
                ? null
                : Once(new Sourced(
                    $"{HoconText.Number(startNs / 1_000_000)} ms",
                    "assumed: init containers before it build their enclaves, 30 us a page")),
            AllowOom = spec.Memory is null
                ? null
                : Once(new Sourced("on", "evicted pages count in limits.memory, which may be too small for them")),
            Steps = Once(draft.Steps),
            Comments = isRepeated || spec.Role == ContainerRole.App
                ? []
                : [spec.Role == ContainerRole.Init ? "An init container; the others begin behind it." : "A sidecar."],
        });
    }

    /// <summary>Kubernetes holds the sum of claims against the node; nothing holds limits against it.</summary>
    private void NoteClaims(NodeSpec? node, HoconOrigin file)
    {
        long capacity = _epcPages * KernelConstants.PageSize;
        long sum = 0;
        List<string> pending = [];
        foreach ((string pod, long bytes, HoconOrigin _) in _claims)
        {
            if (bytes > capacity - sum)
            {
                pending.Add(pod);
            }
            else
            {
                sum += bytes;
            }
        }

        if (pending.Count > 0 && capacity > 0)
        {
            _log.Note(
                node?.Origin ?? file,
                "",
                $"the claims are more than the node's {Sizes.Text(capacity)}: "
                    + $"{EpcActors.Scenarios.Text.Suggestions.List(pending, 8)} "
                    + "would stay Pending (Insufficient EPC); the scenario runs them all the same");
        }

        string[] bookkeeping =
        [
            .. _draft.Cgroups.Where(one => one.Max?.Why.EndsWith(NotEnforced, StringComparison.Ordinal) ?? false)
                .Select(one => one.Path),
        ];
        if (bookkeeping.Length > 0)
        {
            _log.Note(
                file,
                "",
                $"{Counted.Of(bookkeeping.Length, "claim")} without a limit: "
                    + $"{EpcActors.Scenarios.Text.Suggestions.List(bookkeeping, 8)}; an annotation "
                    + $"{PodAnnotations.Limit}/container.NAME sets one");
        }
    }

    /// <summary>A container as it goes into the scenario, for every pod of its kind.</summary>
    private sealed record ContainerDraft
    {
        /// <summary>Time to add, measure and touch a page, published: 22 to 30 us.</summary>
        private const long BuildNsPerPage = 30_000;

        public required ContainerSpec Spec { get; init; }

        public required Sourced Max { get; init; }

        public required long HeapPages { get; init; }

        public required Sourced Heap { get; init; }

        public required int ThreadCount { get; init; }

        public required Sourced Threads { get; init; }

        public required Sourced Steps { get; init; }

        public long BuildNs => Math.Max(1, HeapPages * BuildNsPerPage / 1_000_000) * 1_000_000;
    }
}
