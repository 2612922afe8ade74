namespace EpcActors.Imports.Drafts;

/// <summary>Pages that an enclave needs beside its heap.</summary>
internal static class EnclaveSize
{
    /// <summary>Slots of a VA page: one for each page of the enclave, its SECS included.</summary>
    private const int SlotsPerVaPage = 512;

    /// <summary>Code and data of an enclave whose file says nothing of them: the kernel's test enclave.</summary>
    private const int PlainCodePages = 9;

    /// <summary>
    /// Largest heap whose enclave fits into so many EPC pages with its SECS, code, a TCS for each thread and its VA
    /// pages; 0 or less when none fits.
    /// </summary>
    public static long HeapIn(long pages, int threads)
    {
        long withSlots = pages - ((pages + SlotsPerVaPage) / (SlotsPerVaPage + 1));
        return withSlots - 1 - Code(threads);
    }

    /// <summary>Pages of code and data with a TCS for each thread.</summary>
    public static long Code(int threads) => PlainCodePages + threads;
}
