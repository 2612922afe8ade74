using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Tasks;
using EpcActors.Races;
using EpcActors.TestKit;

namespace EpcActors.Tests.TestKit;

/// <summary>
/// Tasks, resources and properties in C#: what they can do, and what is said when they do what a search cannot follow.
/// </summary>
public sealed class OwnCodeTests
{
    [Fact]
    public void A_schedule_of_a_race_with_code_replays_with_that_race()
    {
        RaceTest race = Raced(async task =>
        {
            CgroupProtocol.ReadUsage read = await task.Ask(task.Cgroup("/a"), new CgroupProtocol.ReadUsage());
            return read.Usage == 0 ? Errno.Ok : Errno.EBUSY;
        });
        FoundRace found = race.Expect("finally errno(mine) == 0");
        string text = found.Schedule.ToString();
        Assert.DoesNotContain("scenario:", text, StringComparison.Ordinal);
        Assert.Contains("RaceTest.Of(…).Pinned(…)", Wrong(() => RaceTest.Replay(text)), StringComparison.Ordinal);
        race.Pinned(text).MustBreak();
        RaceFoundException failure = Assert.Throws<RaceFoundException>(() =>
            race.SchedulesTo(Path.GetTempPath()).Check());
        Assert.Contains("race.Pinned(\"", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("epc race replay", failure.Message, StringComparison.Ordinal);
        File.Delete(failure.File!);
        File.Delete(Path.ChangeExtension(failure.File!, ".html"));
    }

    [Fact]
    public void Locals_are_part_of_the_state()
    {
        // The second read differs from the first in what the task remembers only: a search that did not see that would
        // stop before the finding.
        RaceTest race = Raced(async task =>
        {
            int seen = 0;
            for (int i = 0; i < 3; i++)
            {
                CgroupProtocol.ReadUsage read = await task.Ask(task.Cgroup("/a"), new CgroupProtocol.ReadUsage());
                seen += read.Usage > 0 ? 1 : 0;
            }

            return seen == 2 ? Errno.EBUSY : Errno.Ok;
        });
        Assert.StartsWith(
            "errno(mine) is 16",
            race.Expect("finally errno(mine) == 0").Detail,
            StringComparison.Ordinal);
        Assert.Throws<RaceFoundException>(() => race.Exhaustive().Check());
    }

    [Fact]
    public void An_assertion_in_a_task_is_found_shrunk_and_listed()
    {
        RaceTest race = Raced(async task =>
        {
            CgroupProtocol.ReadUsage read = await task.Ask(task.Cgroup("/a"), new CgroupProtocol.ReadUsage());
            Assert.True(read.Usage == 0, "another task was faster");
            return Errno.Ok;
        });
        FoundRace found = race.Expect("crash");
        Assert.Contains("another task was faster", found.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Operations_of_code_are_those_of_race_files()
    {
        RaceTest race = RaceTest.Of(draft =>
            draft
                .Node(8)
                .Enclave("a", 4)
                .Setup("a: build 1")
                .Task("mine", "a", async task =>
                {
                    OperationResult write = await task.Do("write 1..2");
                    OperationResult trim = await task.Do("change-type 1");
                    OperationResult read = await task.Do("read 3");
                    return write is { Errno: Errno.Ok, Count: 2 } && trim.Count == 1 && read.Errno == Errno.Ok
                        ? Errno.Ok
                        : Errno.EINVAL;
                })
                .Then("write 0")
                .Task("CPU1", "a", "read 0")
                .Property("finally errno(mine) == 0", "finally done(mine) == 2", "finally signals(a) == 0"));
        race.SchedulesTo(null).Strategy("random", "pct3").Schedules(300).Check();
    }

    [Fact]
    public void Nothing_is_done_for_a_thread_that_has_been_killed()
    {
        RaceTest race = RaceTest.Of(draft => draft
            .Node(8).Enclave("a", 4).Setup("a: build 1")
            .Task("mine", "a", async task =>
            {
                await task.Do("write 0");
                await task.Pause();
                OperationResult second = await task.Do("write 1");
                OperationResult third = await task.Do("write 2");
                return second.Errno == Errno.Ok || third.Errno == Errno.ERESTARTSYS ? Errno.Ok : third.Errno;
            })
            .Optional("killer", "kill a")
            .Property("sometimes errno(mine) == 0"));
        race.SchedulesTo(null).Exhaustive().Check();
    }

    [Fact]
    public void Variables_around_may_be_read()
    {
        long pages = 1;
        RaceTest race = Raced(async task =>
        {
            OperationResult write = await task.Do($"set-max /a {pages} pages");
            return write.Errno;
        });
        race.Exhaustive().Check();
    }

    [Fact]
    public void Variables_around_may_not_be_changed()
    {
        int times = 0;
        RaceTest race = Raced(async task =>
        {
            times++;
            await task.Pause();
            return Errno.Ok;
        });
        Assert.Contains("changes the variable 'times'", Wrong(() => race.Check()), StringComparison.Ordinal);
        Assert.True(times > 0);
    }

    [Fact]
    public void Objects_around_may_not_be_used()
    {
        List<int> seen = [];
        string message = Wrong(() => Raced(async task =>
        {
            seen.Add(1);
            await task.Pause();
            return Errno.Ok;
        }));
        Assert.Contains("the code of mine uses 'seen' of the code around it", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("wriet 0", "wriet")]
    [InlineData("write 0", "the code of mine: ")]
    [InlineData("exit", "the code of mine: ")]
    [InlineData("allocate", "needs a process")]
    public void A_wrong_operation_is_a_mistake_of_the_test(string operation, string part) =>
        Assert.Contains(
            part,
            Wrong(() => Raced(async task =>
            {
                OperationResult result = await task.Do(operation);
                return result.Errno;
            }).Check()),
            StringComparison.Ordinal);

    [Fact]
    public void An_actor_that_is_not_there_is_a_mistake_of_the_test() =>
        Assert.Contains("there is no cgroup '/b'; there are /, /a", Wrong(() => Raced(async task =>
        {
            await task.Ask(task.Cgroup("/b"), new CgroupProtocol.ReadUsage());
            return Errno.Ok;
        }).Check()), StringComparison.Ordinal);

    [Fact]
    public void A_property_in_code_says_what_it_saw()
    {
        RaceTest race = RaceTest.Of(draft => draft.Node(8).Cgroup("/a").Task("CPU0", "/a", "allocate")
            .Always("usage stays below one", state => state["usage(/a)"] < 1)
            .Finally("nothing is left", state => state.Topology.Nodes[0].FreePages >= 0));
        Assert.Equal("usage(/a) is 1", race.Expect("usage stays below one").Detail);
    }

    [Fact]
    public void A_property_in_code_reads_counts_that_are_watched_only()
    {
        RaceTest Counted(params string[] watched) =>
            RaceTest.Of(draft =>
                draft
                    .Node(8)
                    .Cgroup("/a")
                    .Task("CPU0", "/a", "allocate")
                    .Watch(watched)
                    .Finally("one page was allocated", state => state["allocations"] == 1));
        Assert.Contains("Write .Watch(\"allocations\")", Wrong(() => Counted().Check()), StringComparison.Ordinal);
        Counted("allocations").Check();
    }

    [Fact]
    public void A_mark_in_code_that_is_never_seen_is_said() =>
        Assert.Equal(
            ["never"],
            Assert
                .Throws<NeverSeenException>(() =>
                    RaceTest
                        .Of(draft =>
                            draft
                                .Node(8)
                                .Cgroup("/a")
                                .Task("CPU0", "/a", "allocate")
                                .Sometimes("never", state => state["usage(/a)"] > 1))
                        .Check())
                .Marks);

    [Fact]
    public void A_resource_of_ones_own_has_messages_of_its_own()
    {
        RaceTest race = RaceTest.Of(draft => draft
            .Resource("sum", (id, name) => new Sum(id, name))
            .Task("one", "", Add).Task("two", "", Add)
            .Finally("both count", state => state.Resource<Sum>("sum").Value == 2));
        FoundRace found = race.Expect("both count");
        Assert.Contains(found.Schedule.Steps, step => step is { Message: "Store", Resource: "sum" });
        race.Pinned(found.Schedule.ToString()).MustBreak();
        Assert.Contains(
            "there is no resource 'difference'",
            Wrong(() =>
                RaceTest
                    .Of(draft => draft.Task("one", "", async task =>
                        {
                            await task.Ask(task.Resource("difference"), new Sum.Load());
                            return Errno.Ok;
                        }))
                    .Check()),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_message_with_a_code_of_the_kernels_is_refused() =>
        Assert.Contains(
            "has the code 0x0301 of Charge",
            Wrong(() =>
                RaceTest
                    .Of(draft => draft.Resource("thief", (id, name) => new Thief(id, name)).Task("one", "", "pause"))
                    .Check()),
            StringComparison.Ordinal);

    private static async Routine<Errno> Add(RaceTask task)
    {
        Sum.Load load = await task.Ask(task.Resource("sum"), new Sum.Load());
        await task.Ask(task.Resource("sum"), new Sum.Store { Value = load.Value + 1 });
        return Errno.Ok;
    }

    private static int _runs;

    [Fact]
    public void What_the_schedule_does_not_decide_is_noticed()
    {
        RaceTest race = Raced(async task =>
        {
            // A static field outlives the run: every other one takes another way.
            for (int i = _runs++ % 2; i > 0; i--)
            {
                await task.Pause();
            }

            await task.Ask(task.Cgroup("/a"), new CgroupProtocol.ReadUsage());
            return Errno.Ok;
        });
        Assert.Throws<NondeterminismException>(() => race.Strategy("random").Schedules(500).Workers(1).Check());
    }

    private static RaceTest Raced(Func<RaceTask, Routine<Errno>> code) =>
        RaceTest
            .Of(draft =>
                draft
                    .Node(8)
                    .Cgroup("/a", maxPages: 4)
                    .Task("CPU0", "/a", "allocate")
                    .Task("mine", "", code)
                    .Property("finally errno(mine) == 0"))
            .SchedulesTo(null);

    private static string Wrong(Action test) => Assert.Throws<RaceDefinitionException>(test).Message;

    private static string Wrong(Func<RaceTest> test) => Assert.Throws<RaceDefinitionException>(test).Message;

    private sealed class Sum(ActorId id, string name) : Resource(id, name), IHandle<Sum.Load>, IHandle<Sum.Store>
    {
        public int Value { get; private set; }

        public void Handle(ref Load message, Turn turn) => message.Value = Value;

        public void Handle(ref Store message, Turn turn) => Value = message.Value;

        public struct Load : IMessage
        {
            public static ushort Code => 0xf0e1;

            public static MessageKind Kind => MessageKind.Other;

            public int Value;
        }

        public struct Store : IMessage
        {
            public static ushort Code => 0xf0e2;

            public static MessageKind Kind => MessageKind.Other;

            public int Value;
        }
    }

    private sealed class Thief(ActorId id, string name) : Resource(id, name), IHandle<Thief.Theft>
    {
        public void Handle(ref Theft message, Turn turn)
        {
        }

        public struct Theft : IMessage
        {
            public static ushort Code => 0x0301;

            public static MessageKind Kind => MessageKind.Other;
        }
    }
}
