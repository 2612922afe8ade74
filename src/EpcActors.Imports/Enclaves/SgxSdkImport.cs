using System.Globalization;
using System.Xml.Linq;
using EpcActors.Hocon;
using EpcActors.Imports.Drafts;
using EpcActors.Imports.Reading;
using EpcActors.Kernel;
using EpcActors.Scenarios.Text;

namespace EpcActors.Imports.Enclaves;

/// <summary>Reads Enclave.config.xml of Intel's SGX SDK; what is not set has the default of sgx_sign.</summary>
internal static class SgxSdkImport
{
    /// <summary>TCS, two frames of SSA, thread data. Guard pages are holes and take no EPC.</summary>
    private const int PagesPerThread = 1 + 2 + 1;

    /// <summary>Code and data of the signed library, which the file does not know.</summary>
    private const int ImagePages = 256;

    private static readonly string[] Known =
    [
        "ProdID", "ISVSVN", "StackMaxSize", "StackMinSize", "HeapMaxSize", "HeapMinSize", "HeapInitSize",
        "HeapExecutable", "TCSNum", "TCSMaxNum", "TCSMinPool", "TCSPolicy", "DisableDebug", "MiscSelect", "MiscMask",
        "ReservedMemMaxSize", "ReservedMemMinSize", "ReservedMemInitSize", "ReservedMemExecutable", "UserRegionSize",
        "EnableKSS", "ISVEXTPRODID_H", "ISVEXTPRODID_L", "ISVFAMILYID_H", "ISVFAMILYID_L", "EnableAEXNotify",
        "EnableIPPFeature", "IntelSigned", "ProvisionKey", "LaunchKey", "HW", "PKRU", "AMX", "ReleaseType",
        "MarshalBufferSize",
    ];

    public static ScenarioDraft Read(IReadOnlyList<InputText> inputs, ImportOptions options, ImportLog log)
    {
        List<EnclavePlan> plans = [.. inputs.Select(input => new Reader(input, log).Plan())];
        return EnclavePlans.Draft(plans[0].Name, plans, options, log);
    }

    private sealed class Reader
    {
        private readonly InputText _input;
        private readonly ImportLog _log;
        private readonly Dictionary<string, XElement> _elements = new(StringComparer.Ordinal);
        private readonly XElement _root;

        public Reader(InputText input, ImportLog log)
        {
            _input = input;
            _log = log;
            _root = XmlText.Read(input.Text, input.Source, log);
            if (_root.Name.LocalName != "EnclaveConfiguration")
            {
                throw log.Fail(
                    XmlText.At(_root, input.Source),
                    "",
                    $"the root is <{_root.Name.LocalName}>; expected <EnclaveConfiguration>",
                    "name an Enclave.config.xml of the SGX SDK");
            }

            foreach (XElement element in _root.Elements())
            {
                string name = element.Name.LocalName;
                HoconOrigin at = XmlText.At(element, input.Source);
                if (!_elements.TryAdd(name, element))
                {
                    log.Error(at, name, "the element stands here a second time", "drop one of the two");
                }
                else if (!Known.Contains(name))
                {
                    log.Note(at, name, $"this element is not known; {Suggestions.Remedy(name, Known)}");
                }
            }
        }

        public EnclavePlan Plan()
        {
            (long heap, string heapWhy) = Pages("HeapMaxSize", 0x1000000);
            (long init, string initWhy) = Has("HeapInitSize") ? Pages("HeapInitSize", 0) : (heap, heapWhy);
            (long reserved, string reservedWhy) = Pages("ReservedMemMaxSize", 0);
            long reservedInit = Has("ReservedMemInitSize") ? Pages("ReservedMemInitSize", 0).Count : reserved;
            (long stack, string stackWhy) = Pages("StackMaxSize", 0x40000);
            (long threads, string threadsWhy) = Count("TCSNum", 1);
            (long most, string mostWhy) = Has("TCSMaxNum") ? Count("TCSMaxNum", threads) : (threads, threadsWhy);
            RequireOrder("HeapInitSize", init, "HeapMaxSize", heap);
            RequireOrder("HeapMinSize", Has("HeapMinSize") ? Pages("HeapMinSize", 0).Count : 0, "HeapMaxSize", heap);
            RequireOrder("ReservedMemInitSize", reservedInit, "ReservedMemMaxSize", reserved);
            RequireOrder("TCSNum", threads, "TCSMaxNum", most);
            if (Has("StackMinSize"))
            {
                RequireOrder("StackMinSize", Pages("StackMinSize", 0).Count, "StackMaxSize", stack);
            }

            bool isEdmm = init < heap || reservedInit < reserved;
            return new EnclavePlan
            {
                Name = Path.GetFileName(_input.Source).Split('.')[0],
                Origin = Has("HeapMaxSize") ? At("HeapMaxSize") : new HoconOrigin(_input.Source, 0, 0),
                HeapPages = heap + reserved,
                HeapWhy = reserved > 0 ? $"{heapWhy} and {reservedWhy}" : heapWhy,
                AddedPages = init + reservedInit,
                AddedWhy = isEdmm && init < heap ? initWhy : "ReservedMemInitSize",
                OtherPages = ImagePages + (threads * (PagesPerThread + stack)),
                OtherWhy = $"{ImagePages} of image (assumed), and for each of {threads} threads TCS, 2 of SSA, thread "
                    + $"data, {stack} of {stackWhy}",
                Threads = (int)threads,
                ThreadsWhy = most > threads ? $"{threadsWhy}; up to {mostWhy} with EDMM" : threadsWhy,
                Comments = [EnclavePlans.Heading(_input.Source, isEdmm)],
            };
        }

        private bool Has(string name) => _elements.ContainsKey(name);

        private HoconOrigin At(string name) => XmlText.At(_elements[name], _input.Source);

        private void RequireOrder(string less, long value, string most, long bound)
        {
            if (value > bound && Has(less))
            {
                _log.Error(At(less), less, $"it is larger than {most}", $"lower it, or raise {most}");
            }
        }

        private (long Count, string Why) Count(string name, long fallback)
        {
            if (!_elements.TryGetValue(name, out XElement? element))
            {
                return (fallback, $"{name} is not set: {fallback}");
            }

            if (ByteSize.TryParseNumber(element.Value, out long count) && count is >= 1 and <= 4096)
            {
                return (count, $"{name} = {element.Value.Trim()} ({Place.Short(At(name))})");
            }

            _log.Error(At(name), name, $"found '{element.Value.Trim()}'; expected a number", "write 1 to 4096");
            return (1, name);
        }

        private (long Count, string Why) Pages(string name, long fallback)
        {
            if (!_elements.TryGetValue(name, out XElement? element))
            {
                return (
                    fallback / KernelConstants.PageSize,
                    string.Create(CultureInfo.InvariantCulture, $"{name} is not set: 0x{fallback:x}"));
            }

            string text = element.Value.Trim();
            if (!ByteSize.TryParseNumber(text, out long bytes))
            {
                _log.Error(
                    At(name), name, $"found '{text}'; expected bytes, decimal or 0x", "write for example 0x100000");
            }
            else if (bytes % KernelConstants.PageSize != 0)
            {
                string next = ((bytes / KernelConstants.PageSize) + 1).ToString("x", CultureInfo.InvariantCulture);
                _log.Error(At(name), name, $"{text} is not a multiple of 4096 bytes", $"write 0x{next}000");
            }

            return (bytes / KernelConstants.PageSize, $"{name} = {text} ({Place.Short(At(name))})");
        }
    }
}
