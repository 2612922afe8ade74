using EpcActors.Hocon;
using EpcActors.Imports.Drafts;
using EpcActors.Imports.Reading;
using EpcActors.Kernel;
using EpcActors.Results.Text;

namespace EpcActors.Imports.Enclaves;

/// <summary>An enclave as its configuration file describes it, in pages.</summary>
internal sealed record EnclavePlan
{
    public required string Name { get; init; }

    /// <summary>Where the size of the heap stands, for errors.</summary>
    public required HoconOrigin Origin { get; init; }

    /// <summary>Most heap that it can have.</summary>
    public required long HeapPages { get; init; }

    public required string HeapWhy { get; init; }

    /// <summary>Heap that is added when it is built; the rest comes by EAUG. Equal to the heap without EDMM.</summary>
    public required long AddedPages { get; init; }

    public required string AddedWhy { get; init; }

    /// <summary>Everything else that is added and measured: image, TCS, SSA frames, thread data, stacks.</summary>
    public required long OtherPages { get; init; }

    public required string OtherWhy { get; init; }

    public required int Threads { get; init; }

    public required string ThreadsWhy { get; init; }

    /// <summary>Where it says that one thread touches the heap before the program begins; empty when not.</summary>
    public string PreheatWhy { get; init; } = "";

    /// <summary>Stands above it.</summary>
    public IReadOnlyList<string> Comments { get; init; } = [];
}

/// <summary>Makes a scenario of enclave configurations: each enclave in a cgroup of its own, without a limit.</summary>
internal static class EnclavePlans
{
    /// <summary>The loader's: an enclave's range is a power of two and counted in 31 bits.</summary>
    private const long MostPages = 1 << 30;

    /// <summary>The note above an enclave.</summary>
    public static string Heading(string source, bool isEdmm) =>
        $"{Path.GetFileName(source)}, {(isEdmm ? "EDMM" : "static: all of it is added at once")}.";

    public static ScenarioDraft Draft(
        string title,
        IReadOnlyList<EnclavePlan> plans,
        ImportOptions options,
        ImportLog log)
    {
        ScenarioDraft draft = new() { Title = title };
        UniqueNames names = new();
        WorkloadChoice workload = WorkloadChoice.OfOption(options, log) ?? WorkloadChoice.Default;
        MachineChoice.Named(draft, options, log);
        draft.Head.Add(
            "The file bounds the heap and does not say how much of it is in use: the workload spreads over all of it. "
                + "Lower heap where the program uses less.");
        foreach (EnclavePlan plan in plans)
        {
            if (plan.HeapPages < 1 || plan.HeapPages + plan.OtherPages > MostPages)
            {
                log.Error(
                    plan.Origin,
                    "",
                    plan.HeapPages < 1
                        ? $"no heap is left beside {Counted.Of(plan.OtherPages, "page")} of image, stacks and TCS"
                        : "the enclave is larger than 4 TiB",
                    plan.HeapPages < 1 ? "make the enclave larger, or have fewer threads" : "make it smaller");
                continue;
            }

            Add(draft, plan, names.Next(plan.Name), workload, options);
        }

        return draft;
    }

    private static void Add(
        ScenarioDraft draft, EnclavePlan plan, string name, WorkloadChoice workload, ImportOptions options)
    {
        draft.Cgroups.Add(new CgroupDraft("/" + name));
        Sourced steps = workload.Steps(plan.HeapPages);
        bool isEdmm = plan.AddedPages < plan.HeapPages;
        if (plan.PreheatWhy.Length > 0 || isEdmm)
        {
            // Two threads that fault on one absent page are a race that kills (R9); the thread that maps pages accepts
            // them before others see them.
            string why = isEdmm ? "assumed: with EDMM one thread accepts what it maps" : plan.PreheatWhy;
            steps = new Sourced(
                string.Concat("[ { touch { threads = one } }, ", steps.Text.AsSpan(2)), $"{why}; {steps.Why}");
        }

        long size = 1;
        while (size < plan.HeapPages + plan.OtherPages)
        {
            size *= 2;
        }

        draft.Enclaves.Add(new EnclaveDraft(name)
        {
            Cgroup = "/" + name,
            Heap = new Sourced(HoconText.Pages(plan.HeapPages), plan.HeapWhy),
            Pages = plan.HeapPages + plan.OtherPages,
            Count = options.Instances,
            Added = plan.AddedPages >= plan.HeapPages
                ? null
                : new Sourced(
                    plan.AddedPages == 0 ? "0 %" : HoconText.Pages(plan.AddedPages),
                    $"{plan.AddedWhy}; the rest by EAUG on first touch"),
            CodePages = new Sourced(HoconText.Number(plan.OtherPages), plan.OtherWhy),
            Threads = new Sourced(HoconText.Number(plan.Threads), plan.ThreadsWhy),
            Instances = options.Instances == 1
                ? null
                : new Sourced(HoconText.Number(options.Instances), "--instances"),
            Steps = steps,
            Comments =
            [
                .. plan.Comments,
                $"Its range is a power of two: {Sizes.Text(size * KernelConstants.PageSize)}.",
            ],
        });
    }
}
