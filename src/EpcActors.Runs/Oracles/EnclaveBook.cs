using EpcActors.Kernel.Epc;

namespace EpcActors.Runs.Oracles;

/// <summary>
/// What the oracle knows of one enclave by the messages to it: what each page was written out with, who is inside since
/// when, and how many children are resident. In a live run
/// the enclave's exclusivity protects it.
/// </summary>
/// <remarks>
/// The processor's tracking stands here a second time, told by each thread's own entry: the enclave counts threads by
/// epoch, this book keeps for each thread the epoch in which it came
/// in, so that one wrong count does not make both wrong.
/// </remarks>
internal sealed class EnclaveBook(int pageCount)
{
    private const int ChunkShift = 10;
    private const int NotInside = -1;

    private readonly PageBook[]?[] _chunks = new PageBook[]?[(pageCount + (1 << ChunkShift)) >> ChunkShift];
    private int[] _enteredIn = [];
    private int _epoch = 1;

    /// <summary>Children of the SECS that have an EPC page.</summary>
    public int ResidentChildren { get; set; }

    public bool IsInitialised { get; set; }

    public bool HasSecs { get; set; }

    /// <summary>The book of a page; the enclave's page count is the SECS.</summary>
    public ref PageBook this[int page]
    {
        get
        {
            ref PageBook[]? chunk = ref _chunks[page >> ChunkShift];

            // A small enclave has a small book: the last chunk ends with the SECS.
            chunk ??= new PageBook[Math.Min(1 << ChunkShift, pageCount + 1 - (page & ~((1 << ChunkShift) - 1)))];
            return ref chunk[page & ((1 << ChunkShift) - 1)];
        }
    }

    /// <summary>EENTER or ERESUME.</summary>
    public void Enter(int thread)
    {
        if (thread >= _enteredIn.Length)
        {
            int before = _enteredIn.Length;
            Array.Resize(ref _enteredIn, Math.Max(thread + 1, before * 2));
            Array.Fill(_enteredIn, NotInside, before, _enteredIn.Length - before);
        }

        _enteredIn[thread] = _epoch;
    }

    /// <summary>EEXIT or an asynchronous exit.</summary>
    public void Exit(int thread)
    {
        if (thread < _enteredIn.Length)
        {
            _enteredIn[thread] = NotInside;
        }
    }

    /// <summary>EBLOCK, with what the EPCM says of the page from then on.</summary>
    public void Block(int page, Epcm state)
    {
        ref PageBook book = ref this[page];
        book.BlockedIn = _epoch;
        book.Blocked = state;
    }

    /// <summary>ETRACK succeeded.</summary>
    public void Track() => _epoch++;

    /// <summary>All threads inside left, and came back.</summary>
    public void Interrupt()
    {
        foreach (ref int entered in _enteredIn.AsSpan())
        {
            entered = entered == NotInside ? NotInside : _epoch;
        }
    }

    /// <summary>Why the processor should have refused EWB for a page; null when it should not.</summary>
    public string? WhyNotWritable(int page)
    {
        int blockedIn = this[page].BlockedIn;
        if (blockedIn == 0)
        {
            return "which was not blocked";
        }

        if (blockedIn == _epoch)
        {
            return "without an ETRACK since its EBLOCK";
        }

        for (int thread = 0; thread < _enteredIn.Length; thread++)
        {
            if (_enteredIn[thread] != NotInside && _enteredIn[thread] <= blockedIn)
            {
                return $"while thread {thread} is inside since before the ETRACK that follows its EBLOCK, and no IPI "
                    + "drove it out";
            }
        }

        return null;
    }
}

/// <summary>The book of one page of an enclave.</summary>
internal struct PageBook
{
    /// <summary>The version that it was last written out with.</summary>
    public uint Version;

    /// <summary>Epoch of its EBLOCK; 0 when it is not blocked.</summary>
    public int BlockedIn;

    /// <summary>Its EPCM entry when it was blocked: it has to be the same when it is loaded again.</summary>
    public Epcm Blocked;
}
