namespace EpcActors.Kernel.Epc;

/// <summary>
/// Numbers the pages of all enclaves in one space of 31 bits, so that four bytes in an EPC page's descriptor name
/// enclave and page. Every enclave gets a range that begins at a multiple of 4096 pages; a table of granules leads back
/// from number to enclave in one look.
/// </summary>
[Constant]
public sealed class EnclavePageSpace
{
    private const int GranuleShift = 12;

    private readonly List<int> _enclaveOfGranule = [];
    private readonly List<int> _bases = [];

    /// <summary>Gives the next enclave its range. Returns the number of its page 0.</summary>
    /// <exception cref="InvalidOperationException">when the space of 8 TiB of enclave pages is used up.</exception>
    public int Add(int pageCount)
    {
        int enclave = _bases.Count;
        long first = (long)_enclaveOfGranule.Count << GranuleShift;
        long granules = Math.Max(1, ((long)pageCount + (1 << GranuleShift) - 1) >> GranuleShift);
        if (first + (granules << GranuleShift) > int.MaxValue)
        {
            throw new InvalidOperationException("the enclaves of one run can have 2^31 pages (8 TiB) in all");
        }

        for (long i = 0; i < granules; i++)
        {
            _enclaveOfGranule.Add(enclave);
        }

        _bases.Add((int)first);
        return (int)first;
    }

    /// <summary>Index of the enclave that an owner number belongs to.</summary>
    public int EnclaveOf(int owner) => _enclaveOfGranule[owner >> GranuleShift];

    /// <summary>Page within the enclave that an owner number means.</summary>
    public int PageOf(int owner) => owner - _bases[EnclaveOf(owner)];
}
