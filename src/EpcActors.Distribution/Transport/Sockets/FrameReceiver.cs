using System.Net.Sockets;
using EpcActors.Actors.Cluster;
using EpcActors.Distribution.Wire;

namespace EpcActors.Distribution.Transport.Sockets;

/// <summary>
/// Takes frames of the other members. Each has one connection to here; when it opens another one, for that very life or a later one, the older is closed. The listener gets frames of one member by one
/// thread at a time.
/// </summary>
internal sealed class FrameReceiver
{
    private const int FirstBytes = 64 << 10;

    private readonly int _self;
    private readonly int _incarnation;
    private readonly IMemberListener _listener;
    private readonly SocketOptions _options;
    private readonly WireCounter _counter;
    private readonly Func<int, bool> _isCut;
    private readonly Task _gate;
    private readonly Sender[] _senders;

    /// <param name="welcome">Which member this is.</param>
    /// <param name="listener">Who gets the frames.</param>
    /// <param name="options">Where lines go.</param>
    /// <param name="counter">Counts for all senders.</param>
    /// <param name="isCut">Whether frames of a member are to be lost.</param>
    /// <param name="gate">Completes when the listener may be called.</param>
    public FrameReceiver(ControlMessage.Welcome welcome, IMemberListener listener, SocketOptions options, WireCounter counter, Func<int, bool> isCut, Task gate)
    {
        _self = welcome.Member;
        _incarnation = welcome.Incarnation;
        _listener = listener;
        _options = options;
        _counter = counter;
        _isCut = isCut;
        _gate = gate;
        _senders = [.. welcome.View.Incarnations.Select(_ => new Sender())];
    }

    /// <summary>Why a connection is not wanted; null when it is.</summary>
    public string? Judge(Preamble preamble)
    {
        if (preamble.Kind != ConnectionKind.Frames)
        {
            return "members take frames only; control messages go to the coordinator";
        }

        if (preamble.To != _self || preamble.ToIncarnation != _incarnation)
        {
            return $"it looks for member {preamble.To}, life {preamble.ToIncarnation}, and this is member {_self}, life {_incarnation}";
        }

        if ((uint)preamble.From >= (uint)_senders.Length || preamble.From == _self)
        {
            return $"it says that it is member {preamble.From}, which is not another one of {_senders.Length}";
        }

        Sender sender = _senders[preamble.From];
        lock (sender.Gate)
        {
            return preamble.FromIncarnation < sender.Incarnation
                ? $"it is life {preamble.FromIncarnation} of member {preamble.From}, and life {sender.Incarnation} was here already"
                : null;
        }
    }

    /// <summary>Reads a connection to its end.</summary>
    public async Task ServeAsync(Socket socket, Preamble preamble, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        Sender sender = _senders[preamble.From];
        Socket? older;
        lock (sender.Gate)
        {
            if (preamble.FromIncarnation < sender.Incarnation)
            {
                return;
            }

            sender.Incarnation = preamble.FromIncarnation;
            older = sender.Connection;
            sender.Connection = socket;
        }

        older?.Dispose();
        try
        {
            await ReadAsync(socket, preamble, sender, cancellationToken).ConfigureAwait(false);
        }
        catch (WireFormatException error)
        {
            _options.Log($"member {_self} closes the connection from member {preamble.From}: {error.Message}");
        }
        finally
        {
            lock (sender.Gate)
            {
                if (sender.Connection == socket)
                {
                    sender.Connection = null;
                }
            }
        }
    }

    private async Task ReadAsync(Socket socket, Preamble preamble, Sender sender, CancellationToken cancellationToken)
    {
        BundleReader reader = new(_senders.Length);
        byte[] buffer = new byte[FirstBytes];
        int end = 0;
        while (true)
        {
            int received = await socket.ReceiveAsync(buffer.AsMemory(end), SocketFlags.None, cancellationToken).ConfigureAwait(false);
            if (received == 0)
            {
                return;
            }

            end += received;
            int start = 0;
            int length;
            while (BundleReader.TryMeasure(buffer.AsSpan(start, end - start), out length) && length <= end - start)
            {
                Deliver(socket, preamble, sender, reader, buffer.AsSpan(start, length));
                start += length;
            }

            buffer.AsSpan(start, end - start).CopyTo(buffer);
            end -= start;
            if (length > buffer.Length)
            {
                Array.Resize(ref buffer, Math.Max(length, Math.Min(2 * buffer.Length, BundleWriter.MaxBytes)));
            }
        }
    }

    private void Deliver(Socket socket, Preamble preamble, Sender sender, BundleReader reader, ReadOnlySpan<byte> bundle)
    {
        ReadOnlySpan<Frame> frames = reader.Read(bundle);
        foreach (ref readonly Frame frame in frames)
        {
            if (frame.From != preamble.From || frame.FromIncarnation != preamble.FromIncarnation || frame.To != _self || frame.ToIncarnation != _incarnation)
            {
                throw new WireFormatException(
                    $"a frame goes from member {frame.From}, life {frame.FromIncarnation}, to member {frame.To}, life {frame.ToIncarnation}, on the connection of member {preamble.From}, life {preamble.FromIncarnation}");
            }
        }

        _counter.Received(frames.Length, bundle.Length);
        if (_isCut(preamble.From))
        {
            _counter.Dropped(frames.Length);
            return;
        }

        lock (sender.Gate)
        {
            // A newer connection took over while these bytes were read.
            if (sender.Connection == socket)
            {
                _listener.OnFrames(frames);
            }
        }
    }

    private sealed class Sender
    {
        public readonly Lock Gate = new();

        public int Incarnation;

        public Socket? Connection;
    }
}
