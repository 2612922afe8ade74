using global::Akka.Actor;

namespace EpcActors.TestKit.Akka.Tests.Programs;

/// <summary>
/// An actor stashes commands until its settings are there. It crashes, is restarted without its settings, and the
/// commands that come then are stashed for ever.
/// </summary>
public sealed class StashRestartTests : Programs
{
    [Fact]
    public void A_restarted_actor_stashes_for_ever()
    {
        FoundActorRace found = FoundAndRepaired(
            asksAgain => race =>
            {
                Log log = new();
                IActorRef settings = race.ActorOf<Settings>("settings");
                IActorRef worker = race.ActorOf(Props.Create(() => new Worker(settings, log, asksAgain)), "worker");
                race.MayCrash(worker);
                worker.Tell(new Command(1));
                worker.Tell(new Command(2));
                race.Finally(
                    () => Assert.True(
                        log.Done.Count + log.Crashed == 2, $"{log.Done.Count} done, {log.Crashed} lost in a crash"),
                    "no command is forgotten");
            },
            "no command is forgotten",
            atMost: 9);
        Assert.Contains(found.Steps, step => step.Fault == "crashes");
        Assert.Contains("! worker fails: InjectedCrashException", found.Listing, StringComparison.Ordinal);
    }

    private sealed class Log
    {
        public List<int> Done { get; } = [];

        public int Crashed { get; set; }
    }

    private sealed record Command(int Number);

    private sealed record Need;

    private sealed record Have;

    private sealed class Settings : ReceiveActor
    {
        public Settings() => Receive<Need>(_ => Sender.Tell(new Have()));
    }

    private sealed class Worker : ReceiveActor, IWithUnboundedStash
    {
        private readonly IActorRef _settings;
        private readonly Log _log;
        private readonly bool _asksAgain;

        public Worker(IActorRef settings, Log log, bool asksAgain)
        {
            _settings = settings;
            _log = log;
            _asksAgain = asksAgain;
            Waiting();
        }

        public IStash Stash { get; set; } = null!;

        protected override void PreStart() => _settings.Tell(new Need());

        protected override void PreRestart(Exception reason, object message)
        {
            _log.Crashed += message is Identify { MessageId: Crash { Instead: Command } } ? 1 : 0;
            base.PreRestart(reason, message);
        }

        protected override void PostRestart(Exception reason)
        {
            // Left out by mistake, for PreStart "asks already": PostRestart is what calls PreStart.
            if (_asksAgain)
            {
                base.PostRestart(reason);
            }
        }

        private void Waiting()
        {
            Receive<Have>(_ =>
            {
                Become(Ready);
                Stash.UnstashAll();
            });
            Receive<Command>(_ => Stash.Stash());
        }

        private void Ready()
        {
            Receive<Have>(_ => { });
            Receive<Command>(command => _log.Done.Add(command.Number));
        }
    }
}
