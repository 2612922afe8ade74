using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Wire;

namespace EpcActors.Cluster.AkkaTransport;

/// <summary>
/// The queue to one incarnation of one other member, and the answers for the queue back. Frames are added by any thread
/// and leave in bundles, in the turn of the <see cref="WireActor"/>: the first frame schedules that turn, the
/// frames that are added until it comes join the bundle. So the busier the process, the longer the bundles.
/// </summary>
/// <remarks>
/// <para><b>Credit.</b> At most <see cref="MostUnderWayBytes"/> are sent and not answered, and at most <see
/// cref="MostWaitingBytes"/> wait: a peer that takes nothing costs no more, and frames are lost and counted.</para>
/// <para><b>An idle queue</b>, with nothing under way and nothing that waits, sends a single frame on the thread that
/// adds it (<see cref="AddOrSend"/>): there is no other frame to bundle it with, and a process that waits for one
/// answer saves a turn of another thread at both ends.</para>
/// <para><b>Answers</b> ride in the head of each bundle that goes the other way. Where none does, an answer of its own
/// goes every <see cref="AnswerBytes"/>, and at the next tick.</para>
/// <para><b>Loss.</b> The head says how many bytes were sent before: an answer to a later bundle answers the lost one
/// too. When no answer comes for a while, all that is under way counts as lost (a connection that broke), and one
/// bundle at a time is sent, ever more rarely, until one is answered. Nothing is sent again here: <see
/// cref="Gateway"/> does that.</para>
/// <para><see cref="Add"/>, <see cref="AddOrSend"/> and <see cref="Close"/> may be called by any thread, everything
/// else by the actor alone. Time is milliseconds of any clock that does not go back.</para>
/// </remarks>
internal sealed class FrameQueue
{
    /// <summary>
    /// Longest bundle, bytes without its head. Short enough that a heartbeat on the same connection does not wait
    /// behind it.
    /// </summary>
    public const int BundleBytes = 48 << 10;

    /// <summary>Bytes that may be sent and not answered.</summary>
    public const int MostUnderWayBytes = 256 << 10;

    /// <summary>Bytes that may wait for credit, or for the actor's turn.</summary>
    public const int MostWaitingBytes = 256 << 10;

    /// <summary>
    /// Bytes that are taken before an answer goes that no bundle takes along: four answers for a full credit.
    /// </summary>
    public const int AnswerBytes = MostUnderWayBytes / 4;

    /// <summary>
    /// Milliseconds without an answer after which the bundles under way count as lost; doubled each time, up to <see
    /// cref="LongestSilenceMs"/>.
    /// </summary>
    public const long FirstSilenceMs = 250;

    /// <summary>Longest time between two attempts to reach a silent peer, milliseconds.</summary>
    public const long LongestSilenceMs = 4000;

    private readonly Lock _lock = new();
    private readonly BundleHead _ends;
    private readonly Action<FrameBundle> _send;
    private readonly Action<FrameQueue> _schedule;
    private readonly WireMeter _meter;

    // All below: under the lock.
    private readonly Queue<BundleWriter> _full = new();
    private readonly Stack<BundleWriter> _spare = new();
    private BundleWriter _open = new(BundleBytes);
    private long _waitingBytes;
    private long _sent;
    private long _taken;
    private long _arrived;
    private long _answered;
    private bool _isScheduled;
    private bool _isSilent;
    private long _silenceMs = FirstSilenceMs;
    private long _heardAt;
    private bool _isClosed;

    /// <param name="ends">The two members and their lives; its other numbers are not used.</param>
    /// <param name="send">Gives a bundle to Akka.Remote; never waits.</param>
    /// <param name="schedule">Has the actor call <see cref="Flush"/> in a turn of its own; never waits, any
    /// thread.</param>
    /// <param name="meter">Counts.</param>
    public FrameQueue(BundleHead ends, Action<FrameBundle> send, Action<FrameQueue> schedule, WireMeter meter)
    {
        _ends = ends;
        _send = send;
        _schedule = schedule;
        _meter = meter;
    }

    /// <summary>Life of the peer.</summary>
    public int PeerIncarnation => _ends.ToIncarnation;

    private bool HasWaiting => _full.Count + _open.Count > 0;

    private bool HasCredit
    {
        get
        {
            BundleWriter next = _full.TryPeek(out BundleWriter? first) ? first : _open;
            long underWay = _sent - _taken;
            return _isSilent ? underWay == 0 : underWay + BundleHead.MaxBytes + next.Length <= MostUnderWayBytes;
        }
    }

    /// <summary>Takes a frame, or loses it: no room, or the queue is closed.</summary>
    public void Add(in Frame frame)
    {
        bool isFirst;
        lock (_lock)
        {
            if (_isClosed || !TryAdd(in frame))
            {
                _meter.Dropped(1);
                return;
            }

            // Without credit an answer triggers the next bundle, not another turn.
            isFirst = !_isScheduled && HasCredit;
            _isScheduled |= isFirst;
        }

        if (isFirst)
        {
            _schedule(this);
        }
    }

    /// <summary>Takes a frame as <see cref="Add"/> does; an idle queue sends it at once.</summary>
    public void AddOrSend(in Frame frame, long nowMs)
    {
        lock (_lock)
        {
            if (!_isClosed && !_isScheduled && !_isSilent && _sent == _taken && !HasWaiting && TryAdd(in frame))
            {
                SendBundles(nowMs);
                return;
            }
        }

        Add(in frame);
    }

    /// <summary>Sends what waits, as far as there is credit.</summary>
    public void Flush(long nowMs)
    {
        lock (_lock)
        {
            _isScheduled = false;
            SendBundles(nowMs);
            if (_arrived - _answered >= AnswerBytes)
            {
                SendAnswer();
            }
        }
    }

    /// <summary>Something has come on the queue back.</summary>
    public void OnArrived(in BundleHead head, long nowMs)
    {
        bool isFirst;
        lock (_lock)
        {
            _arrived = Math.Max(_arrived, head.Sent);
            if (head.Taken > _taken && head.Taken <= _sent)
            {
                _taken = head.Taken;
                _heardAt = nowMs;
                _isSilent = false;
                _silenceMs = FirstSilenceMs;
            }

            // Use a turn of its own: frames that result from those that came join the bundle, and it takes the answer
            // along.
            isFirst = !_isScheduled && !_isClosed && (_arrived - _answered >= AnswerBytes || (HasWaiting && HasCredit));
            _isScheduled |= isFirst;
        }

        if (isFirst)
        {
            _schedule(this);
        }
    }

    /// <summary>Time passes.</summary>
    public void OnTick(long nowMs)
    {
        lock (_lock)
        {
            if (_taken != _sent && nowMs - _heardAt >= _silenceMs)
            {
                _taken = _sent;
                _isSilent = true;
                _silenceMs = Math.Min(2 * _silenceMs, LongestSilenceMs);
            }

            SendBundles(nowMs);
            if (_arrived != _answered)
            {
                SendAnswer();
            }
        }
    }

    /// <summary>That life is over: what waits is lost.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            _meter.Dropped(_full.Sum(bundle => bundle.Count) + _open.Count);
            _full.Clear();
            _spare.Clear();
            _open.Clear();
            _waitingBytes = 0;
        }
    }

    private bool TryAdd(in Frame frame)
    {
        if (_waitingBytes + _open.Length + FrameCodec.MaxBytes > MostWaitingBytes)
        {
            return false;
        }

        if (!_open.TryAdd(in frame))
        {
            _waitingBytes += _open.Length;
            _full.Enqueue(_open);
            _open = _spare.TryPop(out BundleWriter? spare) ? spare : new BundleWriter(BundleBytes);
            return _open.TryAdd(in frame);
        }

        return true;
    }

    private void SendBundles(long nowMs)
    {
        while (!_isClosed && HasWaiting && HasCredit)
        {
            if (_full.TryDequeue(out BundleWriter? bundle))
            {
                _waitingBytes -= bundle.Length;
                Send(bundle, nowMs);
                _spare.Push(bundle);
            }
            else
            {
                Send(_open, nowMs);
            }
        }
    }

    private void Send(BundleWriter bundle, long nowMs)
    {
        if (_sent == _taken)
        {
            _heardAt = nowMs;
        }

        // The head says where the bundle ends, and its own length is part of that: it is counted with its longest.
        _sent += BundleHead.MaxBytes + bundle.Length;
        _answered = _arrived;
        _meter.Sent(bundle.Count);
        _send(new FrameBundle(bundle.Finish(_ends with { Sent = _sent, Taken = _arrived }), bundle.Count));
        bundle.Clear();
    }

    /// <summary>
    /// An answer needs and takes no credit: else two peers without credit would wait for one another.
    /// </summary>
    private void SendAnswer()
    {
        if (_isClosed)
        {
            return;
        }

        _answered = _arrived;
        Span<byte> bytes = stackalloc byte[BundleHead.MaxBytes];
        int length = (_ends with { Sent = _sent, Taken = _arrived }).Write(bytes);
        _send(new FrameBundle(bytes[..length].ToArray(), 0));
    }
}
