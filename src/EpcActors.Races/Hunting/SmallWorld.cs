using System.Globalization;
using System.Text;
using EpcActors.Exploration;

namespace EpcActors.Races.Hunting;

/// <summary>
/// A small machine with a few tasks, drawn at random, as a race file: what is found in it can be kept.
/// </summary>
internal static class SmallWorld
{
    /// <summary>
    /// Operations of a thread of an enclave; {0} is one of its pages. No close: the kernel holds the file while another
    /// thread is in an ioctl on it, and the operation is the release of the file.
    /// </summary>
    private static readonly string[] OfThread =
    [
        "read {0}", "write {0}", "read {0}", "write {0}", "accept {0}", "change-type {0} retry", "remove {0} retry",
        "restrict {0} retry", "mmap-other", "exit",
    ];

    /// <summary>Operations from outside; {0} is a page of enclave a.</summary>
    private static readonly string[] OfOutside =
    [
        "reclaim", "evict a {0}", "allocate", "debug-read a {0}", "poison a {0}", "reclaim", "evict a {0}", "age a {0}",
        "free", "lose-epc",
    ];

    /// <summary>Operations from outside of a kernel with cgroups.</summary>
    private static readonly string[] OfAdministrator =
        ["set-max /c 2 pages", "set-max /c 4 pages", "set-max /c max", "reclaim /c", "reclaim-direct"];

    /// <summary>Operations of a guest; {0} is a page of it.</summary>
    private static readonly string[] OfGuest =
        ["vepc-touch {0}", "vepc-touch {0}", "vepc-touch {0} mapping 1", "vepc-remove-all", "vepc-release"];

    private static readonly string[] Failures = ["ewb-fails", "backing-fails", "etrack-fails"];

    /// <summary>Draws one.</summary>
    /// <param name="kernel">Name of the kernel.</param>
    /// <param name="hasCgroups">The kernel charges EPC to cgroups.</param>
    /// <param name="seed">Everything is drawn from it.</param>
    public static string Draw(string kernel, bool hasCgroups, ulong seed)
    {
        SplitMix draw = new(seed);
        int built = 1 + draw.Below(3);
        int second = draw.Below(3);
        int own = built + 2 + (second > 0 ? second + 2 : 0);

        // From too small for all that is built up to a page or two to spare; now and then above the low watermark.
        int pages = draw.Below(8) == 0 ? 40 : Math.Max(4, own + draw.Below(4) - 1);
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"epc {{\n  title = \"drawn, seed {seed}\"\n");
        text.Append(CultureInfo.InvariantCulture, $"  kernel = \"{kernel}\"\n");
        text.Append(draw.Below(3) == 0
            ? $"  machine {{ nodes = [ {{ cpus = 2, epc = {(pages + 1) / 2} pages }}, "
                + $"{{ cpus = 2, epc = {(pages + 1) / 2} pages }} ] }}\n"
            : $"  machine {{ nodes = [ {{ cpus = 4, epc = {pages} pages }} ] }}\n");
        bool isLimited = hasCgroups && draw.Below(2) == 0;
        string max = isLimited ? $"{built + 1 + draw.Below(3)} pages" : "max";
        text.Append(CultureInfo.InvariantCulture, $"  cgroups {{ /c {{ max = {max} }} }}\n");
        text.Append("  enclaves {\n    a { heap = 4 pages, code-pages = 0, cgroup = /c }\n");
        text.Append(second > 0 ? "    b { heap = 2 pages, code-pages = 0 }\n  }\n" : "  }\n");
        bool hasGuest = draw.Below(5) == 0;
        text.Append(hasGuest ? "  virtual-machines { vm { epc = 2 pages } }\n" : "");
        text.Append("  race {\n    id = H1\n    shrink-topology = off\n    max-steps = 1500\n");

        // Without those that reclaim in the background every fault that finds no page would be a hang.
        text.Append(hasCgroups ? "    ksgxd = on\n    workers = on\n" : "    ksgxd = on\n");
        text.Append(CultureInfo.InvariantCulture, $"    setup = [ \"a: create\"");
        for (int page = 0; page < built; page++)
        {
            text.Append(CultureInfo.InvariantCulture, $", \"a: add {page}\"");
            text.Append(draw.Below(3) == 0
                ? string.Create(CultureInfo.InvariantCulture, $", \"admin: evict a {page}\"") : "");
        }

        text.Append(", \"a: init\"");
        text.Append(second > 0 ? string.Create(CultureInfo.InvariantCulture, $", \"b: build {second}\"") : "");
        text.Append(" ]\n    tasks {\n");
        int tasks = 2 + draw.Below(2);
        for (int task = 0; task < tasks; task++)
        {
            (string process, string[] all, int named) = Who(ref draw, hasCgroups, hasGuest, hasSecond: second > 0);
            text.Append(CultureInfo.InvariantCulture, $"      T{task} {{ {process}do = [ ");
            int operations = 1 + draw.Below(2);
            for (int i = 0; i < operations; i++)
            {
                string page = draw.Below(named).ToString(CultureInfo.InvariantCulture);
                text.Append(i > 0 ? ", " : "").Append('"')
                    .Append(all[draw.Below(all.Length)].Replace("{0}", page, StringComparison.Ordinal)).Append('"');
            }

            text.Append(" ] }\n");
        }

        text.Append("    }\n");
        if (draw.Below(6) == 0)
        {
            string failure = Failures[draw.Below(Failures.Length)];
            text.Append(CultureInfo.InvariantCulture, $"    choices {{ {failure} = 1 }}\n");
        }

        return text.Append("    show = [ counter, free-pages ]\n  }\n}\n").ToString();
    }

    /// <summary>Draws a task: its process in words, its operations, and how many pages they may name.</summary>
    private static (string Process, string[] Operations, int Pages) Who(
        ref SplitMix draw, bool hasCgroups, bool hasGuest, bool hasSecond)
    {
        int kind = draw.Below(15);
        return kind switch
        {
            < 5 => ("", OfOutside, 4),
            < 6 when hasCgroups => ("", OfAdministrator, 1),
            < 8 when hasGuest => ("process = vm, ", OfGuest, 2),
            < 11 when hasSecond => ("process = b, ", OfThread, 2),
            _ => ("process = a, ", OfThread, 4),
        };
    }
}
