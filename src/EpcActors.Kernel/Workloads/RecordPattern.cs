using EpcActors.Kernel.Random;

namespace EpcActors.Kernel.Workloads;

/// <summary>
/// A store of records under load: keys are drawn, found at their place in the heap, and turned into pages. Endless.
/// </summary>
/// <remarks>
/// With keys in hashed order the neighbours of a hot record on its page are arbitrary ones, so four records a page
/// spread the load over many more pages than Zipf's law over pages would. A record larger than a page is touched page
/// after page. Each page of an operation is one access.
/// </remarks>
public sealed class RecordPattern : AccessPattern
{
    /// <summary>Bytes of an EPC page.</summary>
    public const int PageBytes = 4096;

    private readonly RecordWorkload _workload;
    private readonly ZipfDistribution? _ranks;
    private readonly Scattering _places;
    private readonly int _recordsPerPage;
    private readonly int _pagesPerRecord;
    private readonly long _recordCount;

    private Prng _scans;
    private long _newest;
    private int _firstPage;
    private int _nextPage;
    private int _endPage;
    private PageAccessKind _kind;
    private bool _writesBack;

    public RecordPattern(int pages, RecordWorkload workload, Prng prng)
        : base(pages, Endless, prng)
    {
        ArgumentNullException.ThrowIfNull(workload);
        _workload = workload.Checked();
        _recordsPerPage = Math.Max(1, PageBytes / workload.RecordBytes);

        // A heap smaller than one record holds what fits of it.
        _pagesPerRecord = (int)Math.Min(pages, ((long)workload.RecordBytes + PageBytes - 1) / PageBytes);
        _recordCount = (long)(pages / _pagesPerRecord) * _recordsPerPage;
        _ranks = workload.Keys == KeyChoice.Uniform ? null : new ZipfDistribution(_recordCount, workload.Theta);
        _places = new Scattering(workload.Order, _recordCount);
        OnReset();
    }

    /// <summary>Records the heap holds.</summary>
    public long RecordCount => _recordCount;

    private protected override PageAccess Draw()
    {
        if (_nextPage == _endPage)
        {
            if (_writesBack)
            {
                _writesBack = false;
                _nextPage = _firstPage;
                _kind = PageAccessKind.Write;
            }
            else
            {
                StartOperation();
            }
        }

        return new PageAccess(_nextPage++, _kind);
    }

    private protected override void OnReset()
    {
        _scans = Origin.Split("scans");
        _newest = _recordCount - 1;
        _firstPage = 0;
        _nextPage = 0;
        _endPage = 0;
        _writesBack = false;
    }

    private void StartOperation()
    {
        RecordWorkload work = _workload;
        int choice = _kinds.NextBelow(work.Reads + work.Updates + work.Inserts + work.Scans + work.ReadModifyWrites);
        if ((choice -= work.Reads) < 0)
        {
            Touch(NextRecord(), 1, PageAccessKind.Read);
        }
        else if ((choice -= work.Updates) < 0)
        {
            Touch(NextRecord(), 1, PageAccessKind.Write);
        }
        else if ((choice -= work.Inserts) < 0)
        {
            Touch(NewRecord(), 1, PageAccessKind.Write);
        }
        else if (choice - work.Scans < 0)
        {
            // A scan ends with the store: neighbours in key order are neighbours in the heap.
            Touch(NextRecord(), 1 + _scans.NextBelow(work.MaxScanRecords), PageAccessKind.Read);
        }
        else
        {
            Touch(NextRecord(), 1, PageAccessKind.Read);
            _writesBack = true;
        }
    }

    private long NextRecord() => _workload.Keys switch
    {
        KeyChoice.Uniform => _pages.NextBelow(_recordCount),
        KeyChoice.Zipf => _places.PlaceOf(_ranks!.Draw(ref _pages)),
        KeyChoice.Latest => Back(_ranks!.Draw(ref _pages)),
    };

    private long Back(long age) => _newest >= age ? _newest - age : _newest - age + _recordCount;

    private long NewRecord()
    {
        if (_workload.Keys != KeyChoice.Latest)
        {
            // A new key's hash is as good as random, so its place is too.
            return _pages.NextBelow(_recordCount);
        }

        _newest = _newest + 1 == _recordCount ? 0 : _newest + 1;
        return _newest;
    }

    private void Touch(long record, int count, PageAccessKind kind)
    {
        long last = Math.Min(record + count, _recordCount) - 1;
        _firstPage = (int)(record / _recordsPerPage) * _pagesPerRecord;
        _endPage = ((int)(last / _recordsPerPage) + 1) * _pagesPerRecord;
        _nextPage = _firstPage;
        _kind = kind;
    }
}
