using EpcActors.Scenarios;

namespace EpcActors.Runs;

/// <summary>
/// The least EPC that an enclave can live in, in closed form. Its VA pages and its SECS are never reclaimed while it
/// has pages; all other pages can be, but for the
/// one that is being added or loaded.
/// </summary>
/// <param name="VaPages">VA pages, each with the slots of 512 pages; the SECS needs a slot, too.</param>
public readonly record struct LeastPages(int VaPages)
{
    private const int SlotsPerVaPage = 512;

    /// <summary>VA pages, SECS, and one page.</summary>
    public int Pages => VaPages + 1 + 1;

    /// <summary>Pages that an enclave keeps for good: VA pages and SECS.</summary>
    public int Kept => VaPages + 1;

    /// <summary>To load: every page that is added between CREATE and INIT.</summary>
    public static LeastPages ToLoad(EnclaveSpec enclave) => Of((long)enclave.CodePages + enclave.AddedHeapPages);

    /// <summary>To come through its program: those that EAUG adds, too.</summary>
    public static LeastPages ToRun(EnclaveSpec enclave) => Of((long)enclave.CodePages + enclave.HeapPages);

    private static LeastPages Of(long pages) => new((int)((pages + 1 + SlotsPerVaPage - 1) / SlotsPerVaPage));
}
