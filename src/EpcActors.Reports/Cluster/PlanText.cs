using System.Globalization;
using EpcActors.Results;
using Spectre.Console;

namespace EpcActors.Reports;

/// <summary>The plan of a cluster on a terminal.</summary>
public static class PlanText
{
    private const int MostNames = 4;

    private const int MostOwned = 6;

    private const int MostFaults = 24;

    /// <summary>Writes the plan to <paramref name="console"/>; its width decides how much goes on a line.</summary>
    public static void Write(IAnsiConsole console, ClusterPlan plan)
    {
        ArgumentNullException.ThrowIfNull(console);
        ArgumentNullException.ThrowIfNull(plan);
        ConsoleText text = new(console);
        text.Paragraph(
            "scenario  ",
            plan.Title.Length == 0 ? plan.Scenario : $"{plan.Scenario}: {plan.Title}",
            style: ConsoleText.Strong);
        text.Paragraph("kernel    ", plan.Kernel);
        text.Paragraph("plan      ", Summary(plan));
        WriteProcesses(text, plan);
        WriteContents(text, plan);
        WriteFaults(text, plan);
        WriteInjected(text, plan);
        WriteProblems(text, plan);
    }

    private static string Summary(ClusterPlan plan) => string.Join(
        ", ",
        $"{Units.Count(plan.Processes.Count)} {(plan.Processes.Count == 1 ? "process" : "processes")}",
        Wording.Counted(plan.Processes.Sum(process => process.Nodes.Count), "node"),
        Units.BytesShort(plan.Processes.Sum(process => process.EpcPages) * Units.PageBytes) + " of EPC",
        Wording.Counted(plan.Processes.Sum(process => process.Enclaves.Count), "enclave"),
        Wording.Counted(plan.Processes.Sum(process => process.Guests.Count), "guest"),
        Wording.Counted(plan.Processes.Sum(process => process.OwnedCgroups.Count), "cgroup"));

    private static void WriteProcesses(ConsoleText text, ClusterPlan plan)
    {
        text.Heading("Processes");
        TextTable table = new(
            TextTable.Figure("process"),
            TextTable.Name("nodes"),
            TextTable.Figure("EPC"),
            TextTable.Figure("cpus"),
            TextTable.Figure("enclaves"),
            TextTable.Figure("threads"),
            TextTable.Figure("guests"),
            TextTable.Figure("owned"),
            TextTable.Word("for the machine"));
        foreach (ProcessPlan process in plan.Processes)
        {
            table.Row(
                Units.Count(process.Member),
                Ranges(process.Nodes),
                Units.BytesShort(process.EpcPages * Units.PageBytes),
                Units.Count(process.Cpus),
                Units.Count(process.Enclaves.Count),
                Units.Count(process.Threads),
                Units.Count(process.Guests.Count),
                Units.Count(process.OwnedCgroups.Count),
                process.HasKsgxd ? "ksgxd, counter" : "");
        }

        table.WriteTo(text);
    }

    private static void WriteContents(ConsoleText text, ClusterPlan plan)
    {
        text.Heading("Who is where: enclaves, guests, and owners of cgroups (misc.current and misc.max)");
        TextTable table = new(
            TextTable.Figure("process"),
            TextTable.Prose("enclaves and guests"),
            TextTable.Prose("owner of"));
        foreach (ProcessPlan process in plan.Processes)
        {
            table.Row(
                Units.Count(process.Member),
                Names([.. process.Enclaves, .. process.Guests], MostNames),
                Names(process.OwnedCgroups, MostOwned));
        }

        table.WriteTo(text);
    }

    private static void WriteFaults(ConsoleText text, ClusterPlan plan)
    {
        if (plan.Faults.Count == 0)
        {
            return;
        }

        text.Heading("Round trips of a page fault on memory of its own process");
        TextTable table = new(
            TextTable.Figure("process"),
            TextTable.Name("cgroup"),
            TextTable.Figure("users"),
            TextTable.Figure("levels"),
            TextTable.Figure("elsewhere"),
            TextTable.Figure("take"),
            TextTable.Figure("in batches"),
            TextTable.Figure("give back"),
            TextTable.Figure("in batches"));
        foreach (FaultPlan fault in plan.Faults.Take(MostFaults))
        {
            table.Row(
                Units.Count(fault.Member),
                fault.Cgroup,
                Units.Count(fault.Users),
                Units.Count(fault.Levels),
                Units.Count(fault.LevelsElsewhere),
                Units.Count(fault.TakePage),
                Trips(fault.TakePageInBatch),
                Units.Count(fault.GiveBack),
                Trips(fault.GiveBackInBatch));
        }

        table.WriteTo(text);
        if (plan.Faults.Count > MostFaults)
        {
            text.Line(
                $"  … and {Wording.Counted(plan.Faults.Count - MostFaults, "row")} more: --json has all",
                ConsoleText.Dim);
        }

        text.Paragraph("  ", Explanation(plan), style: ConsoleText.Dim);
    }

    private static string Explanation(ClusterPlan plan)
    {
        string charged =
            $"{Batch("charges", plan.ChargeBatch, "charge-batch")}, and "
                + $"{Batch("counts free pages", plan.CounterBatch, "counter-batch")}";
        string near = plan.Faults.Any(fault => fault.LimitCalls > 0)
            ? ", once more to look how near its limit is (worker-queued = near-limit)" : "";
        return $"Each level whose owner is elsewhere is one{near}, and the free-page counter with its watermark one to "
            + "three. They come one after the other, and more when "
            + $"something is reclaimed or a limit is near. This scenario {charged}. The columns 'in batches' hold "
            + "while the watermarks of ksgxd are far.";
    }

    private static string Batch(string does, int pages, string key) => pages > 1
        ? $"{does} {Units.Count(pages)} at once (epc.cluster.{key})"
        : $"{does} one by one, as the kernel does (epc.cluster.{key} = 1; the columns say what 64 would save)";

    private static void WriteInjected(ConsoleText text, ClusterPlan plan)
    {
        if (plan.Injected.Count == 0)
        {
            return;
        }

        text.Heading("What goes wrong on purpose");
        foreach (string fault in plan.Injected)
        {
            text.Paragraph("  - ", fault);
        }
    }

    private static void WriteProblems(ConsoleText text, ClusterPlan plan)
    {
        if (plan.Problems.Count == 0)
        {
            return;
        }

        text.Heading("It cannot run like this");
        foreach (string problem in plan.Problems)
        {
            text.Paragraph("  ✗ ", problem, ConsoleText.Bad);
        }
    }

    private static string Names(IReadOnlyList<string> names, int most) => names.Count switch
    {
        0 => "-",
        _ when names.Count <= most => string.Join(", ", names),
        _ => $"{string.Join(", ", names.Take(most))} and {Units.Count(names.Count - most)} more",
    };

    /// <summary><c>0-3, 6</c>.</summary>
    private static string Ranges(IReadOnlyList<int> nodes)
    {
        List<string> ranges = [];
        for (int first = 0; first < nodes.Count;)
        {
            int last = first;
            while (last + 1 < nodes.Count && nodes[last + 1] == nodes[last] + 1)
            {
                last++;
            }

            ranges.Add(
                last == first ? Units.Count(nodes[first]) : $"{Units.Count(nodes[first])}-{Units.Count(nodes[last])}");
            first = last + 1;
        }

        return ranges.Count == 0 ? "-" : string.Join(", ", ranges);
    }

    private static string Trips(double trips) => trips.ToString("0.00", CultureInfo.InvariantCulture);
}
