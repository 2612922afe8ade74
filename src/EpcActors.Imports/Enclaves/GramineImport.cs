using System.Globalization;
using EpcActors.Hocon;
using EpcActors.Imports.Drafts;
using EpcActors.Imports.Reading;
using EpcActors.Kernel;
using EpcActors.Scenarios.Text;

namespace EpcActors.Imports.Enclaves;

/// <summary>
/// Reads Gramine manifests. The range of the enclave is <c>sgx.enclave_size</c>; what image, TCS, SSA, thread data and
/// stacks leave of it is the heap, added in one piece without EDMM and page by page with it.
/// </summary>
internal static class GramineImport
{
    /// <summary>SSA: two frames of four pages; TCS, thread data: one page; stack: 64, signal stack: 16.</summary>
    private const int PagesPerThread = (2 * 4) + 1 + 1 + 64 + 16;

    /// <summary>The loader inside the enclave and the manifest itself.</summary>
    private const int ImagePages = 256;

    /// <summary>Threads that Gramine keeps for itself: IPC, asynchronous events, TLS on pipes.</summary>
    private const int HelperThreads = 3;

    private const int DefaultThreads = 4;

    /// <summary>Keys with a meaning here that had another name, or that are easy to get wrong.</summary>
    private static readonly string[] Known =
    [
        "sgx.enclave_size", "sgx.edmm_enable", "sgx.max_threads", "sgx.preheat_enclave",
    ];

    public static ScenarioDraft Read(IReadOnlyList<InputText> inputs, ImportOptions options, ImportLog log)
    {
        List<EnclavePlan> plans = [];
        foreach (InputText input in inputs)
        {
            plans.Add(Plan(input, new Fields(TomlText.Read(input.Text, input.Source, log), "", log)));
        }

        return EnclavePlans.Draft(plans[0].Name, plans, options, log);
    }

    private static EnclavePlan Plan(InputText input, Fields manifest)
    {
        NoteNearMisses(manifest);
        HoconOrigin file = new(input.Source, 0, 0);
        bool isEdmm = Flag(manifest, "sgx.edmm_enable");
        bool isPreheated = Flag(manifest, "sgx.preheat_enclave");
        if (isEdmm && isPreheated)
        {
            manifest.Log.Error(
                manifest.KeyOrigin("sgx.preheat_enclave"),
                "sgx.preheat_enclave",
                "with sgx.edmm_enable there is no heap to preheat, and Gramine refuses both",
                "drop one of the two");
        }

        (int threads, string threadsWhy) = Threads(manifest);
        (long pages, string sizeWhy, HoconOrigin at) = Size(manifest, file);
        long other = ImagePages + ((long)PagesPerThread * threads);
        long heap = pages - other;
        int own = Math.Max(1, threads - HelperThreads);
        return new EnclavePlan
        {
            Name = NameOf(input.Source),
            Origin = at,
            HeapPages = heap,
            HeapWhy = $"{sizeWhy}, less the pages below",
            AddedPages = isEdmm ? 0 : heap,
            AddedWhy = $"sgx.edmm_enable ({Place.Short(manifest.KeyOrigin("sgx.edmm_enable"))})",
            OtherPages = other,
            OtherWhy = $"{ImagePages} of image (assumed), and for each of {threads} threads 8 of SSA, TCS, thread "
                + "data, 64 of stack and 16 of signal stack",
            Threads = own,
            ThreadsWhy = threadsWhy + (threads > HelperThreads ? ", less 3 helpers of Gramine" : ", helpers included"),
            PreheatWhy = isPreheated
                ? $"sgx.preheat_enclave ({Place.Short(manifest.KeyOrigin("sgx.preheat_enclave"))})"
                : "",
            Comments = [EnclavePlans.Heading(input.Source, isEdmm)],
        };
    }

    private static (int Count, string Why) Threads(Fields manifest)
    {
        // The key had another name up to release 1.3.
        string key = manifest.Has("sgx.max_threads") || !manifest.Has("sgx.thread_num")
            ? "sgx.max_threads"
            : "sgx.thread_num";
        return manifest.Whole(key, 1, 4096) is { } count
            ? ((int)count, $"{key} = {count} ({Place.Short(manifest.KeyOrigin(key))})")
            : (DefaultThreads, $"sgx.max_threads is not set: {DefaultThreads}");
    }

    private static (long Pages, string Why, HoconOrigin At) Size(Fields manifest, HoconOrigin file)
    {
        const string Key = "sgx.enclave_size";
        const long Default = 256L << 20;
        if (manifest.Scalar(Key) is not { } value)
        {
            return (Default / KernelConstants.PageSize, $"{Key} is not set: 256M", file);
        }

        if (
            !ByteSize.TryParseLetter(value.Text, out long bytes)
            || bytes < KernelConstants.PageSize
            || (bytes & (bytes - 1)) != 0)
        {
            manifest.Log.Error(
                value.Origin,
                Key,
                value.Text.Contains('{', StringComparison.Ordinal)
                    ? $"{value.Kind} comes from a template"
                    : $"found {value.Kind}; expected a power of two with K, M or G",
                value.Text.Contains('{', StringComparison.Ordinal)
                    ? "render it with gramine-manifest, and import the result"
                    : $"write \"{Suggested(bytes)}\"");
            return (Default / KernelConstants.PageSize, "", value.Origin);
        }

        return (
            bytes / KernelConstants.PageSize,
            $"{Key} = {value.Text} ({Place.Short(value.Origin)})",
            value.Origin);
    }

    private static string Suggested(long bytes)
    {
        long size = 1 << 20;
        while (size < bytes && size < ByteSize.Most)
        {
            size *= 2;
        }

        return bytes < 1 ? "1G"
            : size % (1 << 30) == 0 ? string.Create(CultureInfo.InvariantCulture, $"{size >> 30}G")
            : string.Create(CultureInfo.InvariantCulture, $"{size >> 20}M");
    }

    private static bool Flag(Fields manifest, string key)
    {
        // Up to release 1.3 switches were the numbers 0 and 1.
        if (manifest.Scalar(key) is { Scalar: ScalarKind.Number, Text: "0" or "1" } number)
        {
            return number.Text == "1";
        }

        return manifest.Flag(key) ?? false;
    }

    private static void NoteNearMisses(Fields manifest)
    {
        foreach (string key in manifest.Keys)
        {
            if (
                key.StartsWith("sgx.", StringComparison.Ordinal)
                && !Known.Contains(key)
                && Known.FirstOrDefault(one => Suggestions.Distance(one, key) is 1 or 2) is { } meant)
            {
                manifest.Log.Note(
                    manifest.KeyOrigin(key), key, $"Gramine knows no such key; did you mean '{meant}'?");
            }
        }
    }

    /// <summary>redis-server.manifest.template describes redis-server.</summary>
    private static string NameOf(string source)
    {
        string name = Path.GetFileName(source);
        int end = name.IndexOf(".manifest", StringComparison.Ordinal);
        return end > 0 ? name[..end] : Path.GetFileNameWithoutExtension(name);
    }
}
