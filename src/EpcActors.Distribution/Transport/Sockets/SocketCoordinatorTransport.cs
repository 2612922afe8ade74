using System.Net;
using System.Net.Sockets;
using EpcActors.Distribution.Wire;

namespace EpcActors.Distribution.Transport.Sockets;

/// <summary>The coordinator on plain TCP sockets of this machine: a port, and a connection for each member.</summary>
/// <remarks>
/// Any thread may call. A member that was dropped, or let go by <see cref="CloseAsync"/>, is not heard any more, and not reported lost either: the one who did it knows.
/// </remarks>
public sealed class SocketCoordinatorTransport : ICoordinatorTransport
{
    /// <summary>Nobody has more to say of itself; before that, it is a stranger.</summary>
    private const int LongestHello = 64 << 10;

    private readonly IPEndPoint _listen;
    private readonly SocketOptions _options;
    private readonly HashSet<Link> _links = [];
    private readonly Lock _gate = new();
    private Door? _door;

    /// <param name="listen">Where to listen: a port of <see cref="IPAddress.Loopback"/>, 0 for any that is free.</param>
    /// <param name="options">Limits, and the token of the run.</param>
    /// <exception cref="ClusterException">another address.</exception>
    public SocketCoordinatorTransport(IPEndPoint listen, SocketOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _listen = SocketOptions.CheckLoopback(listen);
        _options = options;
    }

    public string Name => "sockets";

    public string Address => SocketOptions.Text(_door?.Address ?? throw new InvalidOperationException("The door is not open yet."));

    public Task OpenAsync(ICoordinatorListener listener, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(listener);
        cancellationToken.ThrowIfCancellationRequested();
        if (_door is not null)
        {
            throw new InvalidOperationException("The door is open already.");
        }

        _door = Door.Open(_listen, _options);
        _door.Start(
            static preamble => preamble.Kind == ConnectionKind.Control ? null : "the coordinator takes no frames; they go from member to member",
            (socket, _, closing) => ServeAsync(socket, listener, closing));
        return Task.CompletedTask;
    }

    public void Tell(MemberLink member, ControlMessage message) => Of(member).Control.Tell(message);

    /// <inheritdoc/>
    /// <remarks>What it was told before, a refusal for example, is still sent; then the connection is closed.</remarks>
    public void Drop(MemberLink member) => Of(member).LetGo(_options.HandshakeLimit, CancellationToken.None);

    public async Task CloseAsync(CancellationToken cancellationToken)
    {
        if (_door is null)
        {
            return;
        }

        await _door.CloseAsync().ConfigureAwait(false);
        lock (_gate)
        {
            foreach (Link link in _links)
            {
                link.LetGo(_options.HandshakeLimit, cancellationToken);
            }
        }

        await _door.DrainAsync(cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            foreach (Link link in _links)
            {
                link.IsDropped = true;
            }
        }

        if (_door is not null)
        {
            await _door.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static Link Of(MemberLink member) => member as Link ?? throw new ArgumentException("The link is of another transport.", nameof(member));

    private async Task ServeAsync(Socket socket, ICoordinatorListener listener, CancellationToken closing)
    {
        Link link = new(socket.AddressOf(), new ControlConnection(socket, _options));
        lock (_gate)
        {
            _links.Add(link);
        }

        bool isIntroduced = false;
        string reason = "";
        try
        {
            ControlMessage.Hello hello = await HelloAsync(link, closing).ConfigureAwait(false);
            isIntroduced = true;
            if (!link.IsDropped)
            {
                listener.OnHello(link, hello);
            }

            while (await link.Control.ReadAsync(ControlCodec.MaxBytes, closing).ConfigureAwait(false) is { } message)
            {
                if (link.IsDropped)
                {
                    continue;
                }

                if (message is ControlMessage.Hello)
                {
                    throw new WireFormatException("it introduced itself twice");
                }

                listener.OnControl(link, message);
            }

            reason = "it closed the connection";
        }
        catch (Exception error) when (error.IsEndOfConnection() && isIntroduced)
        {
            reason = link.Control.Failure ?? error.Message;
        }
        finally
        {
            lock (_gate)
            {
                _links.Remove(link);
            }

            bool isLost = isIntroduced && !link.IsDropped;
            link.IsDropped = true;
            await link.DisposeAsync().ConfigureAwait(false);
            if (isLost)
            {
                listener.OnLost(link, reason);
            }
        }
    }

    private async Task<ControlMessage.Hello> HelloAsync(Link link, CancellationToken closing)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(closing);
        limit.CancelAfter(_options.HandshakeLimit);
        try
        {
            return await link.Control.ReadAsync(LongestHello, limit.Token).ConfigureAwait(false) switch
            {
                ControlMessage.Hello hello => hello,
                null => throw new WireFormatException("it went away before it introduced itself"),
                ControlMessage other => throw new WireFormatException($"it began with {other.GetType().Name} instead of a hello"),
            };
        }
        catch (OperationCanceledException) when (!closing.IsCancellationRequested)
        {
            throw new WireFormatException($"it did not introduce itself within {_options.HandshakeLimit.TotalSeconds:0.#} s");
        }
    }

    private sealed class Link(string address, ControlConnection control) : MemberLink, IAsyncDisposable
    {
        private readonly TaskCompletionSource _served = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Lock _gate = new();
        private Task? _ending;
        private volatile bool _isDropped;

        public override string Address => address;

        public ControlConnection Control => control;

        /// <summary>The listener hears nothing more of it.</summary>
        public bool IsDropped
        {
            get => _isDropped;
            set => _isDropped = value;
        }

        /// <summary>Sends what is queued, then closes; after a limit at once. Does not wait.</summary>
        public void LetGo(TimeSpan limit, CancellationToken cancellationToken)
        {
            IsDropped = true;
            lock (_gate)
            {
                _ending ??= EndAsync(limit, cancellationToken);
            }
        }

        public async ValueTask DisposeAsync()
        {
            _served.TrySetResult();
            await control.DisposeAsync().ConfigureAwait(false);
            Task? ending;
            lock (_gate)
            {
                ending = _ending;
            }

            await (ending ?? Task.CompletedTask).ConfigureAwait(false);
        }

        private async Task EndAsync(TimeSpan limit, CancellationToken cancellationToken)
        {
            using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(limit);
            try
            {
                await control.FinishAsync(patience.Token).ConfigureAwait(false);

                // The member reads to the end and closes. Closing first would take back what it has not read.
                await _served.Task.WaitAsync(patience.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                control.Break("it was let go");
            }
        }
    }
}
