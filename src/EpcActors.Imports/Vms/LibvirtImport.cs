using System.Globalization;
using System.Xml.Linq;
using EpcActors.Hocon;
using EpcActors.Imports.Drafts;
using EpcActors.Imports.Reading;
using EpcActors.Kernel;

namespace EpcActors.Imports.Vms;

/// <summary>
/// Reads domains of libvirt: each <c>&lt;memory model='sgx-epc'&gt;</c> among the devices is a section, with
/// <c>&lt;target&gt;&lt;size unit='KiB'&gt;</c> and <c>&lt;node&gt;</c>, and <c>&lt;source&gt;&lt;nodemask&gt;</c>.
/// </summary>
internal static class LibvirtImport
{
    private const string Model = "sgx-epc";

    /// <summary>Units of libvirt: KB is 1000 bytes, KiB and k are 1024.</summary>
    private static readonly Dictionary<string, long> Units = new(StringComparer.Ordinal)
    {
        ["b"] = 1,
        ["bytes"] = 1,
        ["KB"] = 1000,
        ["k"] = 1 << 10,
        ["KiB"] = 1 << 10,
        ["MB"] = 1_000_000,
        ["M"] = 1 << 20,
        ["MiB"] = 1 << 20,
        ["GB"] = 1_000_000_000,
        ["G"] = 1 << 30,
        ["GiB"] = 1 << 30,
        ["TB"] = 1_000_000_000_000,
        ["T"] = 1L << 40,
        ["TiB"] = 1L << 40,
    };

    public static ScenarioDraft Read(IReadOnlyList<InputText> inputs, ImportOptions options, ImportLog log)
    {
        List<GuestPlan> guests = [];
        foreach (InputText input in inputs)
        {
            XElement root = XmlText.Read(input.Text, input.Source, log);
            XElement[] domains = root.Name.LocalName == "domain"
                ? [root]
                : [.. root.Descendants().Where(one => one.Name.LocalName == "domain")];
            foreach (XElement domain in domains)
            {
                if (Guest(domain, input.Source, log) is { } guest)
                {
                    guests.Add(guest);
                }
            }
        }

        if (guests.Count == 0 && !log.HasErrors)
        {
            log.Error(
                new HoconOrigin(inputs[0].Source, 0, 0),
                "",
                $"no domain of it has <memory model='{Model}'> among its devices",
                $"add <memory model='{Model}'><target><size unit='MiB'>64</size></target></memory>");
        }

        return GuestPlans.Draft(inputs[0].Name, guests, options, log);
    }

    private static GuestPlan? Guest(XElement domain, string source, ImportLog log)
    {
        HoconOrigin at = XmlText.At(domain, source);
        string name = Child(domain, "name")?.Value.Trim() ?? "";
        List<EpcSection> sections = [];
        foreach (XElement memory in Child(domain, "devices")?.Elements() ?? [])
        {
            if (memory.Name.LocalName == "memory" && (string?)memory.Attribute("model") == Model)
            {
                string id = string.Create(CultureInfo.InvariantCulture, $"epc{sections.Count}");
                sections.Add(Section(memory, id, IsImmediate(domain), source, log));
            }
        }

        if (sections.Count == 0)
        {
            log.Note(at, "", $"domain {name} has no virtual EPC and is left out");
            return null;
        }

        if (name.Length == 0)
        {
            log.Error(at, "name", "the domain has no name", "add <name>vm1</name>");
        }

        return new GuestPlan(name, sections, at);
    }

    /// <summary>memoryBacking: allocation mode='immediate' makes libvirt say prealloc=on.</summary>
    private static bool IsImmediate(XElement domain) =>
        Child(domain, "memoryBacking") is { } backing
        && (string?)Child(backing, "allocation")?.Attribute("mode") == "immediate";

    private static EpcSection Section(XElement memory, string id, bool isImmediate, string source, ImportLog log)
    {
        HoconOrigin at = XmlText.At(memory, source);
        XElement? target = Child(memory, "target");
        XElement? size = target is null ? null : Child(target, "size");
        long bytes = KernelConstants.PageSize;
        if (size is null)
        {
            log.Error(at, "size", "the section has no size", "add <target><size unit='MiB'>64</size></target>");
        }
        else
        {
            bytes = Bytes(size, source, log);
        }

        int host = Child(memory, "source") is { } from && Child(from, "nodemask") is { } mask
            ? Node(mask, mask.Value.Split('-', ',')[0], source, log)
            : -1;
        int node = target is not null && Child(target, "node") is { } guest
            ? Node(guest, guest.Value, source, log)
            : -1;
        return new EpcSection(id, bytes, isImmediate, host, node, at);
    }

    private static long Bytes(XElement size, string source, ImportLog log)
    {
        string unit = (string?)size.Attribute("unit") ?? "KiB";
        HoconOrigin at = XmlText.At(size, source);
        if (!Units.TryGetValue(unit, out long factor))
        {
            log.Error(at, "size", $"there is no unit '{unit}'", "write KiB, MiB or GiB");
        }
        else if (
            !long.TryParse(size.Value.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long count)
            || count == 0
            || count > ByteSize.Most / factor)
        {
            log.Error(at, "size", $"found '{size.Value.Trim()}'; expected a number above 0", "write for example 64");
        }
        else if (count * factor % KernelConstants.PageSize != 0)
        {
            log.Error(at, "size", $"{count} {unit} is not a multiple of 4096 bytes", "write whole MiB");
        }
        else
        {
            return count * factor;
        }

        return KernelConstants.PageSize;
    }

    private static int Node(XElement element, string text, string source, ImportLog log)
    {
        if (int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int node) && node < 1024)
        {
            return node;
        }

        log.Error(
            XmlText.At(element, source),
            element.Name.LocalName,
            $"'{element.Value.Trim()}' is not a number of a node",
            "write for example 0");
        return -1;
    }

    /// <summary>By its local name: people add namespaces for command lines of QEMU.</summary>
    private static XElement? Child(XElement parent, string name) =>
        parent.Elements().FirstOrDefault(one => one.Name.LocalName == name);
}
