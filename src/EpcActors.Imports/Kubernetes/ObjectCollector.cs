using EpcActors.Imports.Reading;
using EpcActors.Results.Text;

namespace EpcActors.Imports.Kubernetes;

/// <summary>Finds pods and nodes in documents: objects, lists of them, and what controllers make.</summary>
internal sealed class ObjectCollector(ImportLog log)
{
    private const int MostObjects = 20_000;
    private const int MostReplicas = 2000;

    /// <summary>Kinds that make pods, and where their template stands.</summary>
    private static readonly Dictionary<string, string[]> Controllers = new(StringComparer.Ordinal)
    {
        ["Deployment"] = ["spec", "template"],
        ["StatefulSet"] = ["spec", "template"],
        ["DaemonSet"] = ["spec", "template"],
        ["ReplicaSet"] = ["spec", "template"],
        ["ReplicationController"] = ["spec", "template"],
        ["Job"] = ["spec", "template"],
        ["CronJob"] = ["spec", "jobTemplate", "spec", "template"],
    };

    private readonly List<(Fields Object, string Kind, string Name, string Namespace)> _objects = [];
    private int _count;

    public List<PodTemplate> Pods { get; } = [];

    public List<NodeSpec> Nodes { get; } = [];

    /// <summary>Kinds that hold no pods, with how many of them there are.</summary>
    public SortedDictionary<string, int> Others { get; } = new(StringComparer.Ordinal);

    /// <summary>Takes a document.</summary>
    public void Add(DataNode document) => Add(document, "", 0);

    /// <summary>Reads what was taken. An object whose owner is there too is the owner's.</summary>
    public void Read()
    {
        HashSet<string> known = [.. _objects.Select(one => Key(one.Kind, one.Namespace, one.Name))];
        int owned = 0;
        foreach ((Fields fields, string kind, string name, string space) in _objects)
        {
            if (OwnerIn(fields, space, known))
            {
                owned++;
            }
            else if (kind == "Node")
            {
                ReadNode(fields, name);
            }
            else
            {
                ReadPods(fields, kind, name, space);
            }
        }

        if (owned > 0)
        {
            log.Note(
                _objects[0].Object.Origin with { Line = 0, Column = 0 },
                "",
                $"{owned} of the objects belong to controllers that are here as well, and are not counted twice");
        }
    }

    private void Add(DataNode document, string path, int depth)
    {
        if (document is not DataMap map)
        {
            log.Error(
                document.Origin, path, $"found {document.Kind}; expected an object of Kubernetes",
                "begin with apiVersion: and kind:");
            return;
        }

        if (++_count > MostObjects || depth > 8)
        {
            throw log.Fail(document.Origin, path, $"more than {MostObjects} objects", "import a part of them");
        }

        Fields fields = new(map, path, log);
        string? kind = fields.Text("kind");
        if (kind is null)
        {
            log.Error(map.Origin, path, "this object has no kind", "begin with apiVersion: v1 and kind: Pod");
        }
        else if (kind == "List" || (kind.EndsWith("List", StringComparison.Ordinal) && fields.Has("items")))
        {
            int index = 0;
            foreach (DataNode item in fields.Items("items"))
            {
                Add(Typed(item, kind), $"{fields.PathOf("items")}[{index++}]", depth + 1);
            }
        }
        else if (kind is "Pod" or "Node" || Controllers.ContainsKey(kind))
        {
            Keep(fields, kind);
        }
        else
        {
            Others[kind] = Others.GetValueOrDefault(kind) + 1;
        }
    }

    /// <summary>The items of a PodList have no kind of their own.</summary>
    private static DataNode Typed(DataNode item, string list)
    {
        if (list != "List" && item is DataMap map && map.Find("kind") is null)
        {
            map.TryAdd("kind", map.Origin, new DataScalar(map.Origin, list[..^"List".Length], ScalarKind.Text));
        }

        return item;
    }

    private void Keep(Fields fields, string kind)
    {
        Fields metadata = fields.Map("metadata");
        DataScalar? name = metadata.Scalar("name") ?? metadata.Scalar("generateName");
        string label = name?.Text.TrimEnd('-') ?? "";
        DataScalar? space = metadata.Scalar("namespace");
        foreach ((DataScalar? value, string key) in ((DataScalar?, string)[])[(name, "name"), (space, "namespace")])
        {
            if (value is null ? key == "name" : !Names.IsLabel(value == name ? label : value.Text))
            {
                log.Error(
                    value?.Origin ?? fields.Origin,
                    metadata.PathOf(key),
                    value is null ? $"a {kind} has no name" : $"'{value.Text}' is not a {key} of an object",
                    "write lower-case letters, digits, '-' and '.'");
                return;
            }
        }

        _objects.Add((fields, kind, label, space?.Text ?? "default"));
    }

    private static string Key(string kind, string space, string name) => $"{kind}/{space}/{name}";

    private static bool OwnerIn(Fields fields, string space, HashSet<string> known) =>
        fields.Map("metadata").Maps("ownerReferences").Any(owner =>
            known.Contains(Key(owner.Text("kind") ?? "", space, owner.Text("name") ?? "")));

    private void ReadNode(Fields fields, string name)
    {
        Fields status = fields.Map("status");
        Fields allocatable = status.Map("allocatable");
        Fields capacity = status.Map("capacity");
        EpcClaim? epc = PodReader.EpcOf(allocatable) ?? PodReader.EpcOf(capacity);
        if (epc is null)
        {
            log.Note(fields.Origin, "", $"Node {name} has no EPC in status.allocatable and is left out");
            return;
        }

        Nodes.Add(new NodeSpec(name, epc.Bytes, $"{epc.Resource} {epc.Text}", epc.Origin)
        {
            Cpus = PodReader.CpusOf(capacity) ?? PodReader.CpusOf(allocatable),
        });
    }

    private void ReadPods(Fields fields, string kind, string name, string space)
    {
        Fields template = fields;
        foreach (string key in Controllers.GetValueOrDefault(kind, []))
        {
            template = template.Map(key);
        }

        Fields spec = template.Map("spec");
        string? phase = kind == "Pod" ? fields.Map("status").Text("phase") : null;
        if (phase is "Succeeded" or "Failed")
        {
            log.Note(fields.Origin, "", $"Pod {name} has ended ({phase}) and is left out");
            return;
        }

        (int replicas, string why) = Replicas(fields, kind);
        if (replicas == 0)
        {
            log.Note(fields.Origin, "", $"{kind} {name} has no pods{why} and is left out");
            return;
        }

        Pods.Add(new PodTemplate
        {
            Kind = kind,
            Name = name,
            Namespace = space,
            Origin = fields.Origin,
            Replicas = replicas,
            ReplicasWhy = why,
            Annotations = new PodAnnotations(template.Map("metadata").Map("annotations")),
            Containers = PodReader.Containers(spec),
            NodeName = spec.Text("nodeName"),
        });
    }

    private static (int Count, string Why) Replicas(Fields fields, string kind)
    {
        Fields spec = fields.Map("spec");
        switch (kind)
        {
            case "Pod":
                return (1, "");
            case "DaemonSet":
                return (1, ": one pod on each node");
            case "Job" or "CronJob":
                Fields job = kind == "Job" ? spec : spec.Map("jobTemplate").Map("spec");
                if ((spec.Flag("suspend") ?? false) || (job.Flag("suspend") ?? false))
                {
                    return (0, " (suspend: true)");
                }

                // No more pods run side by side than completions are left.
                long side = job.Whole("parallelism", 0, MostReplicas) ?? 1;
                long completions = job.Whole("completions", 1, int.MaxValue) ?? side;
                int pods = (int)Math.Min(side, completions);
                return (pods, pods == 1 ? "" : $", {Counted.Of(pods, "pod")} side by side");
            default:
                return spec.Whole("replicas", 0, MostReplicas) is { } count
                    ? ((int)count, $", replicas: {count}")
                    : (1, ", one replica: it says nothing of them");
        }
    }
}
