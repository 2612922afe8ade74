using System.Net;
using System.Net.Sockets;
using EpcActors.Actors.Cluster;
using EpcActors.Distribution.Wire;

namespace EpcActors.Distribution.Transport.Sockets;

/// <summary>
/// A member on plain TCP sockets of this machine: one connection to the coordinator for control messages, and one to each other member for the frames that go there. A listening port of its own takes
/// those of the others.
/// </summary>
/// <remarks>
/// <see cref="Send"/>, <see cref="Tell"/>, <see cref="Connect"/>, <see cref="Cut"/> and <see cref="Counts"/> may be called by any thread. The listener hears nothing before the first
/// <see cref="Connect"/> or <see cref="Tell"/>: whoever joins has the time to make its actors; until then everything waits in the sockets.
/// </remarks>
public sealed class SocketMemberTransport : IMemberTransport
{
    private static readonly TimeSpan PauseBetweenAttempts = TimeSpan.FromMilliseconds(50);

    private readonly IPEndPoint _coordinator;
    private readonly SocketOptions _options;
    private readonly WireCounter _counter = new();
    private readonly TaskCompletionSource _mayCall = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private readonly List<Task> _ending = [];
    private Door? _door;
    private ControlConnection? _control;
    private Task _listening = Task.CompletedTask;
    private ControlMessage.Welcome? _welcome;
    private int _epoch;
    private bool _hasJoined;
    private bool _isDisposed;
    private volatile bool _isLeaving;

    // Replaced as a whole, so that senders need no lock.
    private volatile FrameSender?[] _senders = [];
    private volatile bool[] _cut = [];

    /// <param name="coordinator">Where the coordinator listens: a port of <see cref="IPAddress.Loopback"/>.</param>
    /// <param name="options">Limits, and the token of the run.</param>
    /// <exception cref="ClusterException">the coordinator is on another host.</exception>
    public SocketMemberTransport(IPEndPoint coordinator, SocketOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _coordinator = SocketOptions.CheckLoopback(coordinator);
        _options = options;
    }

    public string Name => "sockets";

    public WireCounts Counts => _counter.Counts;

    /// <inheritdoc/>
    /// <remarks>The address in the hello is filled in here: nobody else knows the port.</remarks>
    public async Task<ControlMessage.Welcome> JoinAsync(ControlMessage.Hello hello, IMemberListener listener, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(hello);
        ArgumentNullException.ThrowIfNull(listener);
        if (_hasJoined)
        {
            throw new InvalidOperationException("A transport joins once: a member that comes back is another process.");
        }

        _hasJoined = true;
        Stage stage = new();
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_options.JoinLimit);
        string where = SocketOptions.Text(_coordinator);
        try
        {
            _door = Door.Open(new IPEndPoint(IPAddress.Loopback, 0), _options);
            Socket socket = await ConnectAsync(limit.Token).ConfigureAwait(false);
            stage.Waiting = $"{where} took the connection and does not answer: it is another program, or a coordinator that hangs. Check the port";
            try
            {
                await new Preamble { Kind = ConnectionKind.Control }.SendAsync(socket, _options.Token, limit.Token).ConfigureAwait(false);
            }
            catch
            {
                socket.Dispose();
                throw;
            }

            stage.Waiting = $"the coordinator at {where} sends no welcome: it waits until all members are there, and says who is missing. Start those, or allow more time";
            _control = new ControlConnection(socket, _options);
            _control.Tell(hello with { Address = SocketOptions.Text(_door.Address) });
            _welcome = await _control.ReadAsync(ControlCodec.MaxBytes, limit.Token).ConfigureAwait(false) switch
            {
                ControlMessage.Welcome welcome => welcome,
                ControlMessage.Refused refused => throw new ClusterException($"the coordinator at {where} refused this process: {refused.Reason}"),
                null => throw new ClusterException($"the coordinator at {where} closed the connection before it decided: it has ended; its output says why."),
                ControlMessage other => throw new ClusterException($"the coordinator at {where} answered with {other.GetType().Name} instead of a welcome: all processes must be of the same build."),
            };
        }
        catch (Exception error)
        {
            await DisposeAsync().ConfigureAwait(false);
            if (error is OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                string waiting = stage.Waiting ?? $"nobody listens at {where}: is the coordinator ('epc cluster') running, and is this its port";
                throw new ClusterException($"{waiting} (waited {_options.JoinLimit.TotalSeconds:0.#} s).", error);
            }

            throw error switch
            {
                ConnectionRefusedException => new ClusterException($"the coordinator at {where} refused the connection: {error.Message}.", error),
                SocketException or WireFormatException => new ClusterException($"the connection to the coordinator at {where} broke: {error.Message}. Its output says why.", error),
                _ => error,
            };
        }

        FrameReceiver receiver = new(_welcome, listener, _options, _counter, IsCut, _mayCall.Task);
        _door.Start(receiver.Judge, receiver.ServeAsync);
        _listening = ListenAsync(_control, listener);
        return _welcome;
    }

    public void Tell(ControlMessage message)
    {
        _control?.Tell(message);
        _mayCall.TrySetResult();
    }

    public void Connect(ControlMessage.Membership view)
    {
        ArgumentNullException.ThrowIfNull(view);
        ControlMessage.Welcome welcome = _welcome ?? throw new InvalidOperationException("A member connects to others when it has its welcome.");
        lock (_gate)
        {
            if (_isDisposed || view.Epoch < _epoch)
            {
                return;
            }

            _epoch = view.Epoch;
            FrameSender?[] former = _senders;
            FrameSender?[] next = new FrameSender?[view.Incarnations.Count];
            for (int member = 0; member < next.Length; member++)
            {
                FrameSender? present = member < former.Length ? former[member] : null;
                IPEndPoint? address = member == welcome.Member || view.Incarnations[member] == 0 ? null : AddressIn(view, member);
                bool stays = present is not null && present.Incarnation == view.Incarnations[member] && present.Address.Equals(address);
                next[member] = stays ? present
                    : address is null ? null
                    : new FrameSender(
                        address,
                        new Preamble(ConnectionKind.Frames, (short)welcome.Member, welcome.Incarnation, (short)member, view.Incarnations[member]),
                        _options,
                        _counter);
                if (!stays && present is not null)
                {
                    Retire(present);
                }
            }

            _senders = next;
        }

        _mayCall.TrySetResult();
    }

    /// <inheritdoc/>
    /// <remarks>Only a copy into the buffer of the destination. Dropped when the view has not that incarnation of the receiver, when there is no connection, or no room.</remarks>
    public void Send(in Frame frame)
    {
        FrameSender?[] senders = _senders;
        FrameSender? sender = (uint)frame.To < (uint)senders.Length ? senders[frame.To] : null;
        if (sender is null || sender.Incarnation != frame.ToIncarnation || IsCut(frame.To))
        {
            _counter.Dropped(1);
            return;
        }

        sender.Send(in frame);
    }

    public void Cut(IReadOnlyCollection<int> members)
    {
        ArgumentNullException.ThrowIfNull(members);
        bool[] cut = new bool[members.Count == 0 ? 0 : members.Max() + 1];
        foreach (int member in members)
        {
            cut[member] = true;
        }

        _cut = cut;
    }

    public async Task LeaveAsync(CancellationToken cancellationToken)
    {
        _isLeaving = true;
        if (_control is null)
        {
            return;
        }

        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_options.HandshakeLimit);
        try
        {
            // The coordinator closes when it has read all of it. Nothing may be closed here before: unread bytes would take back what was sent.
            await _control.FinishAsync(limit.Token).ConfigureAwait(false);
            _mayCall.TrySetCanceled(CancellationToken.None);
            await _listening.WaitAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            _options.Log($"the coordinator at {SocketOptions.Text(_coordinator)} did not see this member off within {_options.HandshakeLimit.TotalSeconds:0.#} s");
        }
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            _isLeaving = true;
            foreach (FrameSender? sender in _senders)
            {
                if (sender is not null)
                {
                    Retire(sender);
                }
            }

            _senders = [];
        }

        _mayCall.TrySetCanceled(CancellationToken.None);
        if (_control is not null)
        {
            await _control.DisposeAsync().ConfigureAwait(false);
        }

        await _listening.ConfigureAwait(false);
        await Task.WhenAll(_ending).ConfigureAwait(false);
        if (_door is not null)
        {
            await _door.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Tries until somebody listens: the coordinator may come up a moment after us.</summary>
    private async Task<Socket> ConnectAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Socket socket = SocketCalls.New();
            try
            {
                await socket.ConnectAsync(_coordinator, cancellationToken).ConfigureAwait(false);
                return socket;
            }
            catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionRefused)
            {
                socket.Dispose();
            }
            catch
            {
                socket.Dispose();
                throw;
            }

            await Task.Delay(PauseBetweenAttempts, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task ListenAsync(ControlConnection control, IMemberListener listener)
    {
        string reason;
        try
        {
            await _mayCall.Task.ConfigureAwait(false);
            while (await control.ReadAsync(ControlCodec.MaxBytes, CancellationToken.None).ConfigureAwait(false) is { } message)
            {
                listener.OnControl(message);
            }

            reason = "it closed the connection";
        }
        catch (Exception error) when (error.IsEndOfConnection())
        {
            reason = control.Failure ?? error.Message;
        }
        catch (Exception error)
        {
            // A listener that fails hears nothing more; whoever disposes gets the exception.
            control.Break(error.Message);
            _options.Log($"what the coordinator sent could not be handled: {error}");
            listener.OnCoordinatorLost($"what the coordinator at {SocketOptions.Text(_coordinator)} sent could not be handled: {error.Message}");
            throw;
        }

        if (!_isLeaving)
        {
            listener.OnCoordinatorLost($"the coordinator at {SocketOptions.Text(_coordinator)} is gone: {reason}");
        }
    }

    private IPEndPoint? AddressIn(ControlMessage.Membership view, int member)
    {
        try
        {
            return SocketOptions.ParseAddress(view.Addresses[member]);
        }
        catch (ClusterException error)
        {
            _options.Log($"member {member} of view {view.Epoch} cannot be reached: {error.Message}");
            return null;
        }
    }

    private void Retire(FrameSender sender)
    {
        _ending.RemoveAll(ending => ending.IsCompletedSuccessfully);
        _ending.Add(sender.DisposeAsync().AsTask());
    }

    private bool IsCut(int member)
    {
        bool[] cut = _cut;
        return (uint)member < (uint)cut.Length && cut[member];
    }

    /// <summary>What a join waits for, for the message when it waits too long.</summary>
    private sealed class Stage
    {
        public string? Waiting { get; set; }
    }
}
