using EpcActors.Cluster.Transport;
using EpcActors.Engine;
using static EpcActors.Cluster.Simulation.SimulationProtocol;

namespace EpcActors.Cluster.Simulation;

/// <summary>
/// The connection between one life of a member and the coordinator: control messages once and in order, as late as it
/// pleases the strategy, until it breaks. Each side hears of that behind
/// what was on its way.
/// </summary>
internal sealed class ControlLine : MemberLink
{
    /// <param name="cluster">Cluster of the line.</param>
    /// <param name="upId">Of the queue to the coordinator; the three ids behind it are its too.</param>
    /// <param name="number">Ascending over all lines.</param>
    /// <param name="paceGroup">Of its delivery.</param>
    public ControlLine(SimulatedCluster cluster, ActorId upId, int number, int paceGroup)
    {
        Address = $"line {number}";
        Up = new ControlQueue(upId, $"line-{number}-up");
        Down = new ControlQueue(new ActorId(upId.Index + 1), $"line-{number}-down");
        UpDelivery = new UpDelivery(new ActorId(upId.Index + 2), this, cluster, paceGroup);
        DownDelivery = new DownDelivery(new ActorId(upId.Index + 3), this, cluster, paceGroup);
    }

    public override string Address { get; }

    /// <summary>To the coordinator.</summary>
    public ControlQueue Up { get; }

    /// <summary>To the member.</summary>
    public ControlQueue Down { get; }

    public UpDelivery UpDelivery { get; }

    public DownDelivery DownDelivery { get; }

    /// <summary>The life at its end; null until it is welcomed.</summary>
    public SimulatedProcess? Process { get; set; }

    /// <summary>The coordinator's welcome; null until it came.</summary>
    public ControlMessage.Welcome? Welcome { get; set; }

    /// <summary>Ticket by which the coordinator recognises its process; empty for one that comes by itself.</summary>
    public string Ticket { get; init; } = "";

    /// <summary>The sockets that its process asks for; empty with a ticket.</summary>
    public IReadOnlyList<int> Sockets { get; init; } = [];

    /// <summary>Number of times that its process was refused.</summary>
    public int Tries { get; init; }

    /// <summary>The coordinator dropped it: it hears nothing of it any more, and tells it nothing.</summary>
    public bool IsDropped { get; set; }

    /// <summary>It broke: what is sent from now on goes nowhere.</summary>
    public bool IsBroken { get; set; }

    /// <summary>The news of that is on its way to the member.</summary>
    public bool HasHeardOfBreak { get; set; }

    public void TellCoordinator(ControlMessage message)
    {
        if (!IsBroken && !IsDropped)
        {
            Up.Put(message, null);
        }
    }

    public void TellMember(ControlMessage message)
    {
        if (!IsBroken && !IsDropped)
        {
            Down.Put(message, null);
        }
    }
}

/// <summary>One direction of a line.</summary>
internal sealed class ControlQueue(ActorId id, string name) : Resource(id, name), IHandle<TakeControl>
{
    private readonly Queue<(ControlMessage? Message, string? Lost)> _messages = [];

    public override ActorKind ActorKind => ActorKind.Gateway;

    public int Count => _messages.Count;

    /// <summary>Nothing comes out for a while.</summary>
    public bool IsHeld { get; set; }

    /// <summary>Last item taken: a message, the reason why the line is lost, or neither.</summary>
    public (ControlMessage? Message, string? Lost) Taken { get; private set; }

    /// <param name="message">A message; null when the line is lost.</param>
    /// <param name="lost">Reason of the loss; null when it is not lost.</param>
    public void Put(ControlMessage? message, string? lost) => _messages.Enqueue((message, lost));

    public void Clear() => _messages.Clear();

    public void Handle(ref TakeControl message, Turn turn)
    {
        message.Left = _messages.Count;
        if (IsHeld || !_messages.TryDequeue(out (ControlMessage? Message, string? Lost) first))
        {
            Taken = default;
            return;
        }

        Taken = first;
        (message.Control, message.Number) = first.Message switch
        {
            null => (1, 0),
            ControlMessage.Hello => (2, 0),
            ControlMessage.Welcome welcome => (3, welcome.Incarnation),
            ControlMessage.Refused => (4, 0),
            ControlMessage.Membership view => (5, view.Epoch),
            ControlMessage.Start => (6, 0),
            ControlMessage.Status status => (7, (status.FramesOut << 32) ^ (status.FramesIn << 8) ^ status.Epoch),
            ControlMessage.BeginCut cut => (8, cut.Number),
            ControlMessage.CutPart part => (9, part.Number),
            ControlMessage.Stop stop => (10, (int)stop.End),
            ControlMessage.Result => (11, 0),
            _ => (12, 0),
        };
    }
}

/// <summary>Brings to the coordinator what a member says; the coordinator handles it in the same step.</summary>
internal sealed class UpDelivery(ActorId id, ControlLine line, SimulatedCluster cluster, int paceGroup)
    : WorldTask(id, "to-coordinator", paceGroup)
{
    public override bool IsUseful => line.Up.Count > 0 && !line.Up.IsHeld;

    protected override async Routine Run()
    {
        while (true)
        {
            await Ask(line.Up.Id, new TakeControl());
            (ControlMessage? message, string? lost) = line.Up.Taken;
            if (message is not null || lost is not null)
            {
                cluster.Arrive(line, message, lost);
            }
        }
    }
}

/// <summary>Brings to a member what the coordinator says.</summary>
internal sealed class DownDelivery(ActorId id, ControlLine line, SimulatedCluster cluster, int paceGroup)
    : WorldTask(id, "from-coordinator", paceGroup)
{
    private bool _isPosting;

    public override bool IsUseful =>
        (_isPosting || (line.Down.Count > 0 && !line.Down.IsHeld)) && line.Process is not { IsPaused: true };

    protected override async Routine Run()
    {
        while (true)
        {
            await Ask(line.Down.Id, new TakeControl());
            (ControlMessage? message, string? lost) = line.Down.Taken;
            if (message is null && lost is null)
            {
                continue;
            }

            cluster.Obey(line, message, lost);
            if (message is ControlMessage.Membership view && line.Process is { IsHalted: false } process)
            {
                _isPosting = true;
                await Ask(process.Post.Id, new PostView { Epoch = view.Epoch });
                _isPosting = false;
            }
        }
    }
}
