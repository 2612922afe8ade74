using EpcActors.Hocon;
using EpcActors.Imports.Reading;
using EpcActors.Scenarios.Text;
using EpcActors.Scenarios.Workloads;

namespace EpcActors.Imports.Drafts;

/// <summary>The program of an imported enclave: a preset, since no input of this kind describes accesses.</summary>
/// <param name="Preset">The preset.</param>
/// <param name="Why">What named it.</param>
internal sealed record WorkloadChoice(WorkloadPreset Preset, string Why)
{
    /// <summary>Preset of an enclave whose input names none: reads with a popular part, few writes.</summary>
    public const string DefaultPreset = "ycsb-b";

    private const long LeastAccesses = 20_000;
    private const long MostAccesses = 200_000;

    /// <summary>The preset that neither the input nor the caller named.</summary>
    public static WorkloadChoice Default { get; } = new(
        WorkloadPresets.Find(DefaultPreset)!,
        $"assumed: {DefaultPreset}, the default; no workload is named");

    /// <summary>The preset of that name, or an error at its place.</summary>
    public static WorkloadChoice? Find(string name, string why, HoconOrigin at, string key, ImportLog log)
    {
        if (WorkloadPresets.Find(name) is { } preset)
        {
            return new WorkloadChoice(preset, why);
        }

        log.Error(
            at,
            key,
            $"there is no workload '{name}'",
            Suggestions.Remedy(name, [.. WorkloadPresets.All.Select(p => p.Name)]));
        return null;
    }

    /// <summary>The caller's preset, null when there is none.</summary>
    public static WorkloadChoice? OfOption(ImportOptions options, ImportLog log) => options.Workload is { } name
        ? Find(name, "--workload", new HoconOrigin("--workload", 0, 0), "", log)
        : null;

    /// <summary>How long the programs are, for the head of the scenario.</summary>
    public const string LengthOfPrograms =
        "Each thread makes 4 passes over its heap, at least 20,000 and at most 200,000 accesses (assumed).";

    /// <summary>The step: long enough for a steady state, short enough for a run of seconds.</summary>
    /// <param name="heapPages">The enclave's heap.</param>
    public Sourced Steps(long heapPages)
    {
        string accesses = Preset.DividesHeap
            ? "1 pass"
            : HoconText.Number(Math.Clamp(4 * heapPages, LeastAccesses, MostAccesses));
        string text = Preset.Name == "kernel-oversub"
            ? "[ { run { preset = kernel-oversub, accesses = 2 passes, warm-up = off } } ]"
            : $"[ {{ run {{ preset = {Preset.Name}, accesses = {accesses} }} }} ]";
        return new Sourced(text, Why);
    }
}
