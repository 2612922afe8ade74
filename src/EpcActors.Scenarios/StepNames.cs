using System.Globalization;

namespace EpcActors.Scenarios;

/// <summary>Steps of an enclave's program as reports and expectations call them.</summary>
internal static class StepNames
{
    /// <summary>Names of the steps that an enclave's report has, and the numbers of those of its program.</summary>
    public static IReadOnlyList<string> Of(EnclaveSpec spec)
    {
        List<string> names = ["load"];
        int child = 0;
        Add(spec.Steps, "");
        names.AddRange(["exit", "total"]);
        foreach (StepSpec.Fork fork in spec.Steps.OfType<StepSpec.Fork>())
        {
            Add(fork.Steps, $"child-{child}/");
            names.Add($"child-{child++}/exit");
        }

        return names;

        void Add(IReadOnlyList<StepSpec> steps, string prefix)
        {
            for (int phase = 0; phase < steps.Count; phase++)
            {
                if (steps[phase] is StepSpec.Pattern { WarmUp: > 0 })
                {
                    names.Add(prefix + "warm-up");
                }

                names.Add(prefix + Describe(steps[phase]).Name);
                if (prefix.Length == 0)
                {
                    names.Add((phase + 1).ToString(CultureInfo.InvariantCulture));
                }
            }
        }
    }

    /// <summary>Name of one step, and what it does.</summary>
    public static (string Name, string Text) Describe(StepSpec step) => step switch
    {
        StepSpec.Touch => ("touch", "the heap, once"),
        StepSpec.Pattern pattern => ("run", pattern.Text),
        StepSpec.Trace trace => ("trace", trace.GapsAreArrivals ? "gaps are arrivals" : "gaps are work"),
        StepSpec.Accept => ("accept", "EACCEPT"),
        StepSpec.ChangeType => ("change-type", "MODIFY_TYPES"),
        StepSpec.Restrict => ("restrict", "RESTRICT_PERMISSIONS"),
        StepSpec.Remove => ("remove", "REMOVE_PAGES"),
        StepSpec.Pause => ("pause", ""),
        StepSpec.Fork => ("fork", ""),
        { } other => (other.GetType().Name, ""),
    };
}
