using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.TestKit;
using Mutex = EpcActors.Engine.Mutex;

namespace EpcActors.TestKit.Example;

/// <summary>
/// Two replicas of a controller each give a cgroup one page more. Without a lease one raise is lost; the lease is
/// a resource of the test's own.
/// </summary>
public sealed class TwoControllersTests
{
    [Fact]
    public void Without_a_lease_one_raise_is_lost() => Raised(RaiseWithoutLease).Expect();

    [Fact]
    public void With_a_lease_none_is() => Raised(RaiseWithLease).Exhaustive().Check();

    private static RaceTest Raised(Func<RaceTask, Routine<Errno>> controller) => RaceTest.Of(race => race
        .Cgroup("/a", maxPages: 2)
        .Resource("lease", (id, name) => new Lease(id, name))
        .Task("first", "", controller)
        .Task("second", "", controller)
        .Finally("both raises count", state => state["max(/a)"] == 4)
        .Sometimes(
            "one controller waits for the other",
            state => state.Resource<Lease>("lease").Waiting > 0 || state["max(/a)"] == 3)
        .Rule("both raises count")
        .Show("max(/a)"));

    private static async Routine<Errno> RaiseWithoutLease(RaceTask task)
    {
        CgroupProtocol.ReadUsage limit = await task.Ask(task.Cgroup("/a"), new CgroupProtocol.ReadUsage());
        await task.Ask(task.Cgroup("/a"), new CgroupProtocol.WriteMax { Max = Limit.OfBytes(limit.MaxBytes + 4096) });
        return Errno.Ok;
    }

    private static async Routine<Errno> RaiseWithLease(RaceTask task)
    {
        await task.Ask(task.Resource("lease"), new Lease.Take());
        await RaiseWithoutLease(task);
        await task.Ask(task.Resource("lease"), new Lease.Give());
        return Errno.Ok;
    }

    private sealed class Lease(ActorId id, string name) : Resource(id, name), IHandle<Lease.Take>, IHandle<Lease.Give>
    {
        private Mutex _mutex;

        public int Waiting => _mutex.Waiters.Count;

        public void Handle(ref Take message, Turn turn) => _mutex.Acquire(turn);

        public void Handle(ref Give message, Turn turn) => _mutex.Release(turn);

        public struct Take : IMessage
        {
            public static ushort Code => 0xf001;

            public static MessageKind Kind => MessageKind.Other;
        }

        public struct Give : IMessage
        {
            public static ushort Code => 0xf002;

            public static MessageKind Kind => MessageKind.Other;
        }
    }
}
