using System.Globalization;
using EpcActors.Hocon;
using EpcActors.Kernel.Random;
using EpcActors.Kernel.Workloads;

namespace EpcActors.Scenarios.Configuration;

/// <summary>Reads the patterns of <c>run</c> steps.</summary>
internal static class PatternBinder
{
    private const int PerMille = 1000;
    private const int MaxWeight = 1_000_000;

    /// <summary>Nested patterns: more than anybody reads, fewer than the stack holds.</summary>
    private const int MaxNesting = 8;

    /// <summary>Names of the patterns.</summary>
    public static IReadOnlyList<string> Names { get; } =
    ["uniform", "zipf", "sweep", "hotspot", "phased", "records", "mixed"];

    /// <summary>
    /// A pattern over <paramref name="pages"/> pages. The keys that the chosen pattern has no use for stay unread, so
    /// they are reported.
    /// </summary>
    /// <param name="reader">The step, or a part of it.</param>
    /// <param name="pages">Pages that the pattern runs over.</param>
    /// <param name="defaults"><c>epc.defaults.run</c>.</param>
    /// <param name="nesting">Patterns around this one.</param>
    public static (PatternFactory Factory, string Text) Read(
        ObjectReader reader,
        int pages,
        ObjectReader defaults,
        int nesting = 0)
    {
        Setting name = reader.Get("pattern", "zipf");
        string pattern = Names[name.Choice(Names, "a pattern")];
        if (name.IsMissing || nesting > MaxNesting)
        {
            if (nesting > MaxNesting)
            {
                name.Error($"patterns are nested more than {MaxNesting} deep", "flatten them");
            }

            return ((count, prng) => new UniformPattern(count, AccessMix.ReadOnly, prng), "");
        }

        return pattern switch
        {
            "uniform" => Uniform(Mix(reader)),
            "zipf" => Zipf(reader, Mix(reader)),
            "sweep" => Sweep(reader, pages, Mix(reader)),
            "hotspot" => Hotspot(reader, pages, Mix(reader)),
            "phased" => Phased(reader, pages, defaults, nesting),
            "records" => Records(reader),
            _ => Mixed(reader, pages, defaults, nesting),
        };
    }

    private static (PatternFactory Factory, string Text) Uniform(AccessMix mix) =>
        ((pages, prng) => new UniformPattern(pages, mix, prng), $"uniform, {Text(mix)}");

    private static (PatternFactory Factory, string Text) Zipf(ObjectReader reader, AccessMix mix)
    {
        double theta = Theta(reader);
        PlacementOrder order = reader.Get("order", "scattered").Choice<PlacementOrder>("an order of pages");
        return ((pages, prng) => new ZipfPattern(pages, theta, order, mix, prng),
            string.Create(CultureInfo.InvariantCulture, $"zipf {theta}, {Text(mix)}"));
    }

    private static (PatternFactory Factory, string Text) Sweep(ObjectReader reader, int pages, AccessMix mix)
    {
        int stride = reader.Get("stride", "1 page").Pages(pages);
        return ((count, prng) => new SweepPattern(count, mix, prng, stride),
            stride == 1 ? $"sweep, {Text(mix)}" : $"sweep by {Setting.Number(stride)} pages, {Text(mix)}");
    }

    private static (PatternFactory Factory, string Text) Hotspot(ObjectReader reader, int pages, AccessMix mix)
    {
        int hot = reader.Get("hot", "10 %").PartOfPages(pages, "the heap", allowZero: false);
        int share = PerMilleOf(reader.Get("hot-accesses", "90 %"));
        return ((count, prng) => new HotspotPattern(count, Math.Min(hot, count), share, mix, prng),
            $"hotspot: {Tenths(share)} % on {Setting.Number(hot)} pages, {Text(mix)}");
    }

    private static (PatternFactory Factory, string Text) Phased(
        ObjectReader reader,
        int pages,
        ObjectReader defaults,
        int nesting)
    {
        int set = reader.Get("working-set", "10 %").PartOfPages(pages, "the heap", allowZero: false);
        long accesses = reader.Get("phase", "10000").Integer(1, long.MaxValue);
        int step = reader.Get("move", "0").PartOfPages(pages, "the heap", allowZero: true);
        (PatternFactory inner, string text) = reader.Has("within")
            ? Nested(reader.Child("within", defaults))
            : Uniform(Mix(reader));

        // Asked for even when absent: it is a known key.
        reader.TryGet("within", out _);
        return ((count, prng) => new PhasedPattern(count, inner(Math.Min(set, count), prng), accesses, step, prng),
            $"phases of {Setting.Number(accesses)} accesses on {Setting.Number(set)} pages, {text}");

        (PatternFactory Factory, string Text) Nested(ObjectReader within)
        {
            // The keys of a nested pattern are those of a run.
            (PatternFactory Factory, string Text) result = Read(within, set, defaults, nesting + 1);
            within.Finish("a pattern of this kind");
            return result;
        }
    }

    private static (PatternFactory Factory, string Text) Records(ObjectReader reader)
    {
        RecordWorkload workload = new()
        {
            RecordBytes = (int)reader.Get("record", "1 KiB").Bytes(1, int.MaxValue),
            Keys = reader.Get("keys", "zipf").Choice<KeyChoice>("a choice of keys"),
            Theta = Theta(reader),
            Order = reader.Get("order", "scattered").Choice<PlacementOrder>("an order of records"),
            Reads = Weight(reader, "reads"),
            Updates = Weight(reader, "updates"),
            Inserts = Weight(reader, "inserts"),
            Scans = Weight(reader, "scans"),
            ReadModifyWrites = Weight(reader, "read-modify-writes"),
            MaxScanRecords = reader.Get("max-scan", "1000").Int(1, int.MaxValue),
        };
        if (workload.Reads + workload.Updates + workload.Inserts + workload.Scans + workload.ReadModifyWrites == 0)
        {
            reader.Error(
                "reads",
                "all weights of the operations are 0",
                "set reads, updates, inserts, scans or read-modify-writes");
        }

        return (
            (pages, prng) => new RecordPattern(pages, workload, prng),
            $"records of {Setting.SizeText(workload.RecordBytes)}");
    }

    private static (PatternFactory Factory, string Text) Mixed(
        ObjectReader reader,
        int pages,
        ObjectReader defaults,
        int nesting)
    {
        List<(PatternFactory Factory, int First, int Pages, int Weight)> parts = [];
        List<string> texts = [];
        Setting list = reader.Get("parts", "[ { weight = 1, first = 0 %, pages = 50 %, pattern = uniform } ]");
        foreach (Setting item in list.Items("parts"))
        {
            if (item.Value is not HoconObject value)
            {
                item.Wrong("a part", "write for example { weight = 1, first = 0 %, pages = 50 %, pattern = uniform }");
                continue;
            }

            ObjectReader part = new(
                reader.Context,
                value,
                item.Origin,
                item.Path,
                $"{reader.Schema}.parts[]",
                defaults);
            int weight = part.Get("weight", "1").Int(1, MaxWeight);
            Setting firstPage = part.Get("first", "0 %");
            int first = firstPage.PartOfPages(pages, "the heap", allowZero: true);
            int count = part.Get("pages", "50 %").PartOfPages(pages, "the heap", allowZero: false);
            if ((long)first + count > pages)
            {
                firstPage.Error(
                    $"the part covers pages {Setting.Number(first)} to {Setting.Number((long)first + count - 1)}, "
                        + $"but the heap has {Setting.Number(pages)} pages",
                    "make first or pages smaller");
                first = 0;
            }

            (PatternFactory factory, string text) = Read(part, count, defaults, nesting + 1);
            part.Finish("a part with this pattern");
            parts.Add((factory, first, count, weight));
            texts.Add($"{Setting.Number(weight)} × {text}");
        }

        if (parts.Count == 0 && list.List is not null)
        {
            list.Error("the list of parts is empty", "add at least one part");
        }

        return (Create, string.Join(" + ", texts));

        AccessPattern Create(int heapPages, Prng prng)
        {
            MixedPart[] made = [.. parts.Select((part, i) =>
                new MixedPart(part.Factory(part.Pages, prng.Split((ulong)i)), part.First, part.Weight))];
            return new MixedPattern(heapPages, made, prng);
        }
    }

    private static AccessMix Mix(ObjectReader reader)
    {
        Setting writesSetting = reader.Get("writes", "10 %");
        int writes = PerMilleOf(writesSetting);
        int executes = PerMilleOf(reader.Get("executes", "0 %"));
        if (writes + executes > PerMille)
        {
            writesSetting.Error(
                "writes and executes together are more than 100 %",
                "what they leave of 100 % are reads");
            return AccessMix.ReadOnly;
        }

        return new AccessMix(PerMille - writes - executes, writes, executes);
    }

    private static double Theta(ObjectReader reader) => reader.Get("theta", "0.99").Real(0, ZipfDistribution.MaxTheta);

    private static int Weight(ObjectReader reader, string key) => reader.Get(key, "1").Int(0, MaxWeight);

    private static int PerMilleOf(Setting setting) => (int)decimal.Round(setting.Percent(0, 100) * 10);

    private static string Text(AccessMix mix) => mix.Executes == 0
        ? $"{Tenths(mix.Writes)} % writes"
        : $"{Tenths(mix.Writes)} % writes, {Tenths(mix.Executes)} % executes";

    private static string Tenths(int perMille) => (perMille / 10m).ToString(CultureInfo.InvariantCulture);
}
