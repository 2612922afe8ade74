using System.Globalization;
using EpcActors.Hocon;
using EpcActors.Imports.Drafts;
using EpcActors.Imports.Reading;
using EpcActors.Kernel;
using EpcActors.Scenarios.Text;

namespace EpcActors.Imports.Vms;

/// <summary>
/// Reads command lines of QEMU: <c>-object memory-backend-epc,id=mem1,size=64M,prealloc=on,host-nodes=0</c> is an
/// instance of virtual EPC, and <c>-M sgx-epc.0.memdev=mem1,sgx-epc.0.node=0</c> gives it to the guest.
/// </summary>
internal static class QemuImport
{
    private const string Backend = "memory-backend-epc";

    private static readonly string[] MachineOptions = ["-M", "-machine", "--machine"];
    private static readonly string[] ObjectOptions = ["-object", "--object"];
    private static readonly string[] NameOptions = ["-name", "--name"];

    public static ScenarioDraft Read(IReadOnlyList<InputText> inputs, ImportOptions options, ImportLog log)
    {
        List<GuestPlan> guests = [];
        foreach (InputText input in inputs)
        {
            guests.AddRange(new Reader(input, log).Guests());
        }

        if (guests.Count == 0 && !log.HasErrors)
        {
            log.Error(
                new HoconOrigin(inputs[0].Source, 0, 0),
                "",
                $"no command line of it has -object {Backend}",
                $"a guest with EPC has -object {Backend},id=mem1,size=64M -M sgx-epc.0.memdev=mem1");
        }

        return GuestPlans.Draft(inputs[0].Name, guests, options, log);
    }

    private sealed class Reader(InputText input, ImportLog log)
    {
        public IEnumerable<GuestPlan> Guests()
        {
            int number = 0;
            foreach (IReadOnlyList<ShellWord> command in ShellWords.Commands(input.Text, input.Source, log))
            {
                if (command.Any(word => word.Text.Contains(Backend, StringComparison.Ordinal)))
                {
                    yield return Guest(command, number++);
                }
            }
        }

        private GuestPlan Guest(IReadOnlyList<ShellWord> command, int number)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"vm{number}");
            Dictionary<string, (Properties Object, int Order)> backends = new(StringComparer.Ordinal);
            SortedDictionary<int, (string? Memdev, int Node, HoconOrigin At)> used = [];
            for (int i = 0; i + 1 < command.Count; i++)
            {
                Properties value = new(command[i + 1], log);
                if (NameOptions.Contains(command[i].Text))
                {
                    name = value["guest"] ?? value.First;
                }
                else if (ObjectOptions.Contains(command[i].Text) && value.First == Backend)
                {
                    AddBackend(backends, value);
                }
                else if (MachineOptions.Contains(command[i].Text))
                {
                    AddUses(used, value);
                }
            }

            return new GuestPlan(name, [.. Sections(backends, used)], command[0].Origin);
        }

        private void AddBackend(Dictionary<string, (Properties Object, int Order)> backends, Properties value)
        {
            if (value["id"] is not { Length: > 0 } id)
            {
                log.Error(value.Origin, "", $"-object {Backend} has no id", "add id=mem1");
            }
            else if (!backends.TryAdd(id, (value, backends.Count)))
            {
                log.Error(value.At("id"), "id", $"there is another object '{id}'", "give one another id");
            }
        }

        private void AddUses(SortedDictionary<int, (string? Memdev, int Node, HoconOrigin At)> used, Properties value)
        {
            foreach (string key in value.Keys)
            {
                string[] parts = key.Split('.');
                if (parts is not ["sgx-epc", string text, "memdev" or "node"])
                {
                    if (key.StartsWith("sgx-epc", StringComparison.Ordinal))
                    {
                        log.Error(value.At(key), key, "there is no such property", "write sgx-epc.0.memdev=ID");
                    }

                    continue;
                }

                if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int index) || index > 255)
                {
                    log.Error(value.At(key), key, $"'{text}' is not a section's number", "write sgx-epc.0.memdev=ID");
                    continue;
                }

                (string? memdev, int node, HoconOrigin at) = used.GetValueOrDefault(index, (null, -1, value.At(key)));
                used[index] = parts[2] == "memdev"
                    ? (value[key], node, value.At(key))
                    : (memdev, Node(value, key), at);
            }
        }

        private int Node(Properties value, string key)
        {
            if (int.TryParse(value[key], NumberStyles.None, CultureInfo.InvariantCulture, out int node) && node < 1024)
            {
                return node;
            }

            log.Error(value.At(key), key, $"'{value[key]}' is not a number of a node", "write for example 0");
            return -1;
        }

        private IEnumerable<EpcSection> Sections(
            Dictionary<string, (Properties Object, int Order)> backends,
            SortedDictionary<int, (string? Memdev, int Node, HoconOrigin At)> used)
        {
            HashSet<string> taken = new(StringComparer.Ordinal);
            foreach ((int index, (string? memdev, int node, HoconOrigin at)) in used)
            {
                string key = string.Create(CultureInfo.InvariantCulture, $"sgx-epc.{index}.memdev");
                if (memdev is null || !backends.TryGetValue(memdev, out (Properties Object, int Order) backend))
                {
                    log.Error(
                        at,
                        key,
                        memdev is null
                            ? "the section has no memdev"
                            : $"there is no -object {Backend} with id '{memdev}'",
                        Suggestions.Remedy(memdev ?? "", [.. backends.Keys]));
                }
                else if (!taken.Add(memdev))
                {
                    log.Error(at, key, $"'{memdev}' is another section already", "give each section its own object");
                }
                else
                {
                    yield return Section(memdev, backend.Object, node);
                }
            }

            // An object that no section takes is opened and mapped all the same.
            foreach ((string id, (Properties value, int _)) in backends.OrderBy(one => one.Value.Order))
            {
                if (!taken.Contains(id))
                {
                    log.Note(value.At("id"), "id", $"no sgx-epc section takes '{id}': the guest does not see it");
                    yield return Section(id, value, -1);
                }
            }
        }

        private EpcSection Section(string id, Properties value, int guestNode)
        {
            long bytes = 0;
            if (value["size"] is not { } size)
            {
                log.Error(value.Origin, "size", $"'{id}' has no size", "add size=64M");
            }
            else if (
                !ByteSize.TryParseLetter(size, out bytes)
                || bytes == 0
                || bytes % KernelConstants.PageSize != 0)
            {
                log.Error(
                    value.At("size"),
                    "size",
                    $"found '{size}'; expected a multiple of 4096 bytes, with K, M, G or T",
                    "write for example 64M");
                bytes = 0;
            }

            string prealloc = value["prealloc"] ?? "off";
            if (prealloc is not ("on" or "off" or "true" or "false" or "yes" or "no" or "y" or "n"))
            {
                log.Error(value.At("prealloc"), "prealloc", $"found '{prealloc}'", "write on or off");
            }

            int hostNode = -1;
            if (value["host-nodes"] is { } nodes)
            {
                hostNode = Node(value with { Override = ("host-nodes", nodes.Split('-', ',')[0]) }, "host-nodes");
                if (nodes.Contains('-', StringComparison.Ordinal))
                {
                    log.Note(
                        value.At("host-nodes"), "host-nodes", $"bound to nodes {nodes}; the first is taken here");
                }
            }

            return new EpcSection(
                id,
                Math.Max(bytes, KernelConstants.PageSize),
                prealloc is "on" or "true" or "yes" or "y",
                hostNode,
                guestNode,
                value.Origin);
        }
    }

    /// <summary><c>type,key=value,key=value</c> of one word. Two commas in a row are one in the value.</summary>
    private sealed record Properties
    {
        private readonly OrderedDictionary<string, (string Value, int Offset)> _values = new(StringComparer.Ordinal);
        private readonly ShellWord _word;

        public Properties(ShellWord word, ImportLog log)
        {
            _word = word;
            int at = 0;
            bool isFirst = true;
            foreach (string part in word.Text.Replace(",,", "\0", StringComparison.Ordinal).Split(','))
            {
                int equals = part.IndexOf('=', StringComparison.Ordinal);
                if (equals < 0 && isFirst)
                {
                    First = part;
                }
                else if (equals < 0)
                {
                    // An old spelling of key=on, which -object still takes.
                    _values.TryAdd(part, ("on", at));
                }
                else if (!_values.TryAdd(
                    part[..equals], (part[(equals + 1)..].Replace('\0', ','), at)))
                {
                    log.Error(At(part[..equals]), part[..equals], "it is set a second time", "drop one of the two");
                }

                isFirst = false;
                at += part.Length + 1;
            }
        }

        /// <summary>The part without a key: a type, a name.</summary>
        public string First { get; } = "";

        /// <summary>A value in place of the one that was written.</summary>
        public (string Key, string Value)? Override { get; init; }

        public HoconOrigin Origin => _word.Origin;

        public IEnumerable<string> Keys => _values.Keys;

        public string? this[string key] => Override is { } other && other.Key == key ? other.Value
            : _values.TryGetValue(key, out (string Value, int) value) ? value.Value : null;

        public HoconOrigin At(string key) => _values.TryGetValue(key, out (string, int Offset) value)
            ? _word.Origin with { Column = _word.Origin.Column + value.Offset }
            : _word.Origin;
    }
}
