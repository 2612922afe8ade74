using System.Globalization;
using EpcActors.Hocon;
using EpcActors.Kernel;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Workloads;
using EpcActors.Results.Text;
using EpcActors.Scenarios.Text;
using EpcActors.Scenarios.Workloads;

namespace EpcActors.Scenarios.Configuration;

/// <summary>Reads the steps of enclaves.</summary>
/// <param name="defaults"><c>epc.defaults</c>.</param>
/// <param name="switches">The kernel.</param>
/// <param name="kernel">Its name.</param>
internal sealed class StepBinder(ObjectReader defaults, KernelSwitches switches, string kernel)
{
    /// <summary>Longest warm-up of its own accord, passes over the heap by each thread.</summary>
    private const int WarmUpPasses = 8;

    private const string Schema = "epc.enclaves.<name>.steps[]";

    private static readonly string[] Names =
        ["touch", "run", "trace", "pause", "fork", "accept", "change-type", "restrict", "remove"];

    /// <summary>Those that are a word by themselves.</summary>
    private static readonly string[] Bare = ["touch", "accept", "change-type", "restrict", "remove"];

    private static readonly string[] AccessKinds = ["read", "write", "execute"];

    private static readonly string[] TouchThreads = ["all", "one"];

    private static readonly string[] GapKinds = ["work", "arrivals"];

    private readonly ObjectReader _touch = defaults.Child("touch");
    private readonly ObjectReader _run = defaults.Child("run");
    private readonly ObjectReader _trace = defaults.Child("trace");
    private readonly Dictionary<string, AccessTrace?> _traces = new(StringComparer.Ordinal);

    /// <summary>The steps of one enclave.</summary>
    /// <param name="list">The list.</param>
    /// <param name="enclaveNames">Names that a trace may know the enclave by, best first.</param>
    /// <param name="heapPages">Pages of its heap.</param>
    public IReadOnlyList<StepSpec> Read(Setting list, IReadOnlyList<string> enclaveNames, int heapPages) =>
        ReadSteps(list, enclaveNames, heapPages, isForked: false);

    private List<StepSpec> ReadSteps(Setting list, IReadOnlyList<string> enclaveNames, int heapPages, bool isForked)
    {
        List<StepSpec> steps = [];
        foreach (Setting item in list.Items("steps"))
        {
            if (ReadStep(item, enclaveNames, heapPages, isForked) is { } step)
            {
                steps.Add(step);
            }
        }

        return steps;
    }

    private StepSpec? ReadStep(Setting item, IReadOnlyList<string> enclaveNames, int heapPages, bool isForked)
    {
        item.May(ValueShape.Words(Bare));
        if (item.Value is HoconObject o)
        {
            return ReadObject(
                item,
                new ObjectReader(item.Context, o, item.Origin, item.Path, Schema),
                enclaveNames,
                heapPages,
                isForked);
        }

        string name = item.Value is HoconString or HoconNumber or HoconBoolean ? item.Value.AsString() : "";
        switch (name)
        {
            case "touch":
                return ReadTouch(_touch);
            case "accept":
                return NeedsSgx2(item, "EACCEPT", new StepSpec.Accept());
            case "change-type":
                return NeedsSgx2(item, "MODIFY_TYPES", new StepSpec.ChangeType());
            case "restrict":
                return NeedsSgx2(item, "RESTRICT_PERMISSIONS", new StepSpec.Restrict());
            case "remove":
                return NeedsSgx2(item, "REMOVE_PAGES", new StepSpec.Remove());
            case "run" or "trace" or "pause" or "fork":
                item.Error($"the step '{name}' needs a value", $"write for example {{ {Example(name)} }}");
                return null;
            case "":
                item.Wrong("a step", $"allowed: {Suggestions.List(Names)}");
                return null;
            default:
                item.Error($"there is no step '{name}'", Suggestions.Remedy(name, Names));
                return null;
        }
    }

    private StepSpec? ReadObject(
        Setting item,
        ObjectReader reader,
        IReadOnlyList<string> enclaveNames,
        int heapPages,
        bool isForked)
    {
        if (reader.Keys.Count != 1)
        {
            item.Error(
                $"a step has one key; this one has {reader.Keys.Count}",
                "put each step between braces of its own");
            return null;
        }

        string name = reader.Keys[0];
        switch (name)
        {
            case "touch":
                ObjectReader touch = reader.Child("touch", _touch);
                StepSpec step = ReadTouch(touch);
                touch.Finish("touch");
                return step;
            case "run":
                return ReadRun(reader.Child("run", _run), heapPages);
            case "pause":
                return new StepSpec.Pause(reader.Get("pause").DurationNs(minimumNs: 1));
            case "trace":
                return ReadTrace(reader, enclaveNames, heapPages);
            case "fork" when isForked:
                reader.Error("fork", "a forked child cannot fork again", "put the step outside of fork");
                return null;
            case "fork":
                reader.Context.Shapes?.AddAlias($"{Schema}.fork[]", Schema);
                return new StepSpec.Fork(ReadSteps(reader.Get("fork"), enclaveNames, heapPages, isForked: true));
            case "accept" or "change-type" or "restrict" or "remove":
                reader.Error(name, $"the step '{name}' has no settings", $"write {name} alone, without braces");
                return null;
            default:
                reader.Error(name, $"there is no step '{name}'", Suggestions.Remedy(name, Names));
                return null;
        }
    }

    private static StepSpec.Touch ReadTouch(ObjectReader reader)
    {
        AccessKind kind = (AccessKind)reader.Get("access", "write").Choice(AccessKinds, "a kind of access");
        bool byOne = reader.Get("threads", "all").Choice(TouchThreads, "who touches") == 1;
        return new StepSpec.Touch(kind, reader.Get("work", "0 ns").DurationNs(unit: "ns"), byOne);
    }

    private StepSpec.Pattern ReadRun(ObjectReader reader, int heapPages)
    {
        Setting wanted = reader.Get("accesses", "100000");
        wanted.May(ValueShape.Word("forever"));
        long accesses = ReadAccesses(wanted, heapPages);
        (long warmUp, accesses) = ReadWarmUp(reader.Get("warm-up", "auto"), accesses, heapPages);
        Setting work = reader.Get("work", "300 ns");
        long workNs = work.DurationNs(unit: "ns");
        PatternFactory factory;
        string text;
        bool dividesHeap = false;
        if (reader.TryGet("preset", out Setting? setting))
        {
            if (reader.Has("pattern"))
            {
                reader.Error("pattern", "a step has a preset or a pattern, not both", "drop one of the two");
                reader.TryGet("pattern", out _);
            }

            string name = setting.Text("ycsb-b");
            WorkloadPreset? preset = WorkloadPresets.Find(name);
            if (preset is null)
            {
                setting.Error(
                    $"there is no preset '{name}'",
                    Suggestions.Remedy(name, [.. WorkloadPresets.All.Select(p => p.Name)]));
                preset = WorkloadPresets.All[0];
            }

            factory = (pages, prng) => preset.CreatePattern(pages, prng);
            text = preset.Name;
            dividesHeap = preset.DividesHeap;
            if (!reader.Has("work"))
            {
                workNs = ((preset.UsefulCyclesPerAccess * 1000L) + (work.Context.ClockMhz / 2)) / work.Context.ClockMhz;
            }

            reader.Finish("a run of a preset");
        }
        else
        {
            (factory, text) = PatternBinder.Read(reader, heapPages, _run);
            reader.Finish("a run with this pattern");
        }

        return new StepSpec.Pattern(factory, accesses, workNs, text, dividesHeap, warmUp);
    }

    /// <summary>A number, a number of passes over the heap, or <c>forever</c>, which is -1.</summary>
    private static long ReadAccesses(Setting setting, int heapPages)
    {
        setting.May(ValueShape.Accesses);
        string? text = setting.StringOrNull?.Trim();
        if (text == "forever")
        {
            return -1;
        }

        foreach (string unit in (string[])["passes", "pass"])
        {
            if (text is not null && text.EndsWith(unit, StringComparison.Ordinal))
            {
                if (
                    long.TryParse(
                        text[..^unit.Length].Trim(),
                        NumberStyles.None,
                        CultureInfo.InvariantCulture,
                        out long passes
                    ) && passes is >= 1 and <= int.MaxValue)
                {
                    return passes * heapPages;
                }

                break;
            }
        }

        if (setting.Value is HoconNumber)
        {
            return setting.WholeNumber(1, long.MaxValue);
        }

        if (!setting.IsMissing)
        {
            setting.Wrong("a number of accesses", "write for example 200000, 3 passes (over the heap), or forever");
        }

        return 1;
    }

    /// <summary>
    /// Accesses of the warm-up, and those that are left to be measured: of its own, a warm-up comes on top; auto, it is
    /// the first part of the accesses.
    /// </summary>
    private static (long WarmUp, long Accesses) ReadWarmUp(Setting setting, long accesses, int heapPages)
    {
        setting.May(ValueShape.Accesses);
        setting.May(ValueShape.Word("auto"));
        setting.May(ValueShape.Zero);
        bool isOff = setting.IsOff();
        string? text = setting.StringOrNull?.Trim();
        if (text == "auto")
        {
            long most = WarmUpPasses * (long)heapPages;
            long part = accesses < 0 ? most : Math.Min(most, accesses / 2);
            return (part, accesses < 0 ? accesses : accesses - part);
        }

        if (isOff || setting.Value is HoconNumber { Text: "0" })
        {
            return (0, accesses);
        }

        if (text == "forever")
        {
            setting.Wrong("a number of accesses", "write for example 20000, 1 pass (over the heap), auto, or off");
            return (0, accesses);
        }

        return (ReadAccesses(setting, heapPages), accesses);
    }

    private StepSpec.Trace? ReadTrace(ObjectReader step, IReadOnlyList<string> enclaveNames, int heapPages)
    {
        Setting setting = step.Get("trace");
        Setting? wanted = null;
        Setting gaps = _trace.Get("gaps", "work");
        if (setting.Value is HoconObject)
        {
            ObjectReader reader = step.Child("trace");
            setting = reader.Get("file", "web.trace");
            reader.TryGet("enclave", out wanted);
            gaps = reader.TryGet("gaps", out Setting? own) ? own : gaps;
            reader.Finish("a trace");
        }

        if (setting.IsMissing)
        {
            return null;
        }

        AccessTrace? trace = Open(setting);
        if (trace is null)
        {
            return null;
        }

        int enclave = FindEnclave(setting, trace, wanted, enclaveNames);
        if (enclave < 0)
        {
            return null;
        }

        if (trace.HeapPagesOf(enclave) > heapPages)
        {
            setting.Error(
                $"the trace touches {Setting.Number(trace.HeapPagesOf(enclave))} pages of '{trace.Enclaves[enclave]}', "
                    + $"but the heap has {Setting.Number(heapPages)}",
                $"set heap to at least '{Setting.Number(trace.HeapPagesOf(enclave))} pages'");
            return null;
        }

        return new StepSpec.Trace(trace, enclave, GapsAreArrivals: gaps.Choice(GapKinds, "a meaning of gaps") == 1);
    }

    private static int FindEnclave(
        Setting setting,
        AccessTrace trace,
        Setting? wanted,
        IReadOnlyList<string> enclaveNames)
    {
        if (trace.Count == 0)
        {
            setting.Error("the trace has no accesses");
            return -1;
        }

        if (wanted is not null)
        {
            string name = wanted.Text("web");
            int index = trace.IndexOfEnclave(name);
            if (index < 0)
            {
                wanted.Error($"the trace has no enclave '{name}'", Suggestions.Remedy(name, [.. trace.Enclaves]));
            }

            return index;
        }

        foreach (string name in enclaveNames)
        {
            int index = trace.IndexOfEnclave(name);
            if (index >= 0)
            {
                return index;
            }
        }

        if (trace.Enclaves.Count == 1)
        {
            return 0;
        }

        setting.Error(
            $"the trace has {Counted.Of(trace.Enclaves.Count, "enclave")}, none of them called '{enclaveNames[0]}'",
            $"write trace {{ file = …, enclave = NAME }}; in the trace: {Suggestions.List(trace.Enclaves)}");
        return -1;
    }

    private AccessTrace? Open(Setting setting)
    {
        LoadContext context = setting.Context;
        string name = setting.Text("web.trace");
        string file = context.Environment.Files.Locate(context.File, name);
        if (_traces.TryGetValue(file, out AccessTrace? known))
        {
            return known;
        }

        AccessTrace? trace = null;
        try
        {
            using TextReader? reader = context.Environment.OpenTrace(file);
            if (reader is null)
            {
                setting.Error($"there is no file '{file}'", "a path is relative to the scenario file");
            }
            else
            {
                trace = AccessTraceReader.Read(reader, file);
            }
        }
        catch (TraceFormatException e)
        {
            context.Error(new HoconOrigin(e.TraceName, e.Line, e.Column), setting.Path, e.Problem, e.Remedy);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            setting.Error($"cannot read '{file}': {e.Message}");
        }

        _traces.Add(file, trace);
        return trace;
    }

    private StepSpec NeedsSgx2(Setting item, string what, StepSpec step)
    {
        if (switches.Sgx2 == Fix.Absent)
        {
            item.Error(
                $"{what} needs SGX2, which the kernel {kernel} has not",
                "set epc.switches.sgx2 = on, or drop the step");
        }

        return step;
    }

    private static string Example(string name) => name switch
    {
        "run" => "run { pattern = zipf, accesses = 100000 }",
        "trace" => "trace = \"web.trace\"",
        "pause" => "pause = 10 ms",
        _ => "fork = [ touch ]",
    };
}
