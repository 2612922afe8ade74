using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Tasks;
using EpcActors.Races;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Tests.Races;

/// <summary>
/// Operations, properties and quantities as texts: what is understood, and where what is not is at fault.
/// </summary>
public sealed class RaceTextTests
{
    private static readonly RaceNames Names = new(["web", "db"], ["vm"], ["/", "/a", "/a/b"], ["CPU0", "CPU1"], [4, 8])
    {
        EnclavePages = [8, 4],
        GuestPages = [4],
    };

    /// <summary>One text for every operation that there is.</summary>
    public static TheoryData<string, string, Operation> Operations =>
        new()
        {
            { "web", "create", new Operation.Create("create") },
            { "web", "add 0..3", new Operation.Add("add 0..3", 0, 4, false) },
            { "web", "add 7 measured", new Operation.Add("add 7 measured", 7, 1, true) },
            { "web", "add 0..3 measured retry", new Operation.Add("add 0..3 measured retry", 0, 4, true, true) },
            { "web", "init", new Operation.Init("init") },
            { "web", "build 8", new Operation.Build("build 8", 8) },
            { "web", "read 2", new Operation.Touch("read 2", AccessKind.Read, 2, 1) },
            { "web", " write  2..3 ", new Operation.Touch("write  2..3", AccessKind.Write, 2, 2) },
            { "web", "write 0..3 until CPU1", new Operation.Touch("write 0..3 until CPU1", AccessKind.Write, 0, 4, 1) },
            {
                "web",
                "write 2..3 forever",
                new Operation.Touch("write 2..3 forever", AccessKind.Write, 2, 2, -1, true)
            },
            { "web", "execute 0", new Operation.Touch("execute 0", AccessKind.Execute, 0, 1) },
            { "web", "accept 2", new Operation.Touch("accept 2", AccessKind.Eaccept, 2, 1) },
            { "web", "change-type 2..3", new Operation.ChangeType("change-type 2..3", 2, 2, false) },
            { "web", "restrict 2 retry", new Operation.Restrict("restrict 2 retry", 2, 1, true) },
            { "web", "remove 2..3 retry", new Operation.Remove("remove 2..3 retry", 2, 2, true) },
            { "web", "close", new Operation.Close("close") },
            { "web", "munmap", new Operation.ExitMm("munmap") },
            { "web", "mmap-other", new Operation.MapOther("mmap-other") },
            { "web", "exit-mm", new Operation.ExitMm("exit-mm") },
            { "web", "fork CPU1", new Operation.Fork("fork CPU1", 1) },
            { "vm", "exit", new Operation.Exit("exit") },
            { "vm", "vepc-touch 3", new Operation.TouchGuest("vepc-touch 3", 3, 0) },
            { "vm", "vepc-touch 0 mapping 1", new Operation.TouchGuest("vepc-touch 0 mapping 1", 0, 1) },
            { "vm", "vepc-touch 3 no-retry", new Operation.TouchGuest("vepc-touch 3 no-retry", 3, 0, CanRetry: false) },
            { "vm", "guest-use 1 secs 0", new Operation.UseGuestPage("guest-use 1 secs 0", 1, 0, -1) },
            { "vm", "guest-use 1 secs vm 2", new Operation.UseGuestPage("guest-use 1 secs vm 2", 1, 2, 0) },
            { "vm", "vepc-remove-all", new Operation.RemoveAllGuestPages("vepc-remove-all") },
            { "vm", "vepc-release", new Operation.ReleaseGuest("vepc-release") },
            { "", "allocate", new Operation.Allocate("allocate", true) },
            { "/a", "allocate no-reclaim", new Operation.Allocate("allocate no-reclaim", false) },
            { "", "free", new Operation.Free("free") },
            { "db", "debug-read 2", new Operation.DebugRead("debug-read 2", 1, 2, false) },
            { "", "debug-read web 2 retry", new Operation.DebugRead("debug-read web 2 retry", 0, 2, true) },
            { "", "reclaim", new Operation.Reclaim("reclaim", -1) },
            { "", "reclaim /a", new Operation.Reclaim("reclaim /a", 1) },
            { "", "oom-kill /a", new Operation.OomKill("oom-kill /a", 1) },
            { "", "charge /a 16 pages", new Operation.Charge("charge /a 16 pages", 1, 65536) },
            { "", "reclaim-direct", new Operation.ReclaimDirect("reclaim-direct") },
            { "", "evict db 0..1", new Operation.Evict("evict db 0..1", 1, 0, 2) },
            { "", "age web 5", new Operation.Age("age web 5", 0, 5, 1) },
            { "", "pause", new Operation.Pause("pause") },
            { "", "set-max /a 64KiB", new Operation.SetMax("set-max /a 64KiB", 1, Limit.OfBytes(65536)) },
            { "", "set-max /a 64 KiB", new Operation.SetMax("set-max /a 64 KiB", 1, Limit.OfBytes(65536)) },
            { "", "set-max /a/b 16 pages", new Operation.SetMax("set-max /a/b 16 pages", 2, Limit.OfBytes(65536)) },
            { "", "set-max /a max", new Operation.SetMax("set-max /a max", 1, Limit.Max) },
            {
                "",
                "set-memory-max /a 1 page",
                new Operation.SetMemoryMax("set-memory-max /a 1 page", 1, Limit.OfPages(1))
            },
            { "", "set-memory-max /a max", new Operation.SetMemoryMax("set-memory-max /a max", 1, Limit.Max) },
            { "", "kill db", new Operation.Kill("kill db", 1, -1) },
            { "", "kill vm", new Operation.Kill("kill vm", -1, 0) },
            { "", "poison node 1 page 7", new Operation.PoisonPage("poison node 1 page 7", 1, 7) },
            { "", "signal db", new Operation.Signal("signal db", 1, -1) },
            { "", "poison node 1 page 2..7", new Operation.PoisonPage("poison node 1 page 2..7", 1, 2, 6) },
            { "", "poison web 2", new Operation.PoisonOf("poison web 2", 0, 2) },
            { "", "poison web secs", new Operation.PoisonOf("poison web secs", 0, -1) },
            { "", "lose-epc", new Operation.LoseEpc("lose-epc") },
            { "", "rmdir /a/b", new Operation.RemoveCgroup("rmdir /a/b", 2) },
            { "", "mkdir /a/b", new Operation.CreateCgroup("mkdir /a/b", 2) },
            { "", "migrate web /a", new Operation.Migrate("migrate web /a", 0, -1, 1) },
            { "", "swap-out web 2", new Operation.SwapOut("swap-out web 2", 0, 2, false) },
            { "", "swap-out web pcmd 0", new Operation.SwapOut("swap-out web pcmd 0", 0, 0, true) },
            {
                "",
                "swap-out web 1 even-pinned",
                new Operation.SwapOut("swap-out web 1 even-pinned", 0, 1, false, EvenPinned: true)
            },
        };

    [Theory]
    [MemberData(nameof(Operations))]
    public void An_operation_is_read(string process, string text, Operation expected) =>
        Assert.Equal(expected, new OperationParser(Names, process).Parse(text));

    [Fact]
    public void Every_operation_has_a_text_here() =>
        Assert.Equal(
            OperationParser.Words.Order(StringComparer.Ordinal),
            Operations.Select(row => ((string)row[1]).Trim().Split(' ')[0]).Distinct().Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("web", "¦wirte 2", "there is no operation 'wirte'", "did you mean 'write'")]
    [InlineData("web", "¦", "an operation is missing", "")]
    [InlineData("web", "write¦", "a page or a range of pages is missing", "")]
    [InlineData("web", "write ¦8", "8 is out of range for a page", "allowed: 0 to 7")]
    [InlineData("web", "write ¦3..2", "the range 3..2 is empty", "write 2..3")]
    [InlineData("web", "write ¦x", "'x' is not the number of a page", "allowed: 0 to 7")]
    [InlineData("web", "write 2 ¦3", "nothing was expected here, found '3'", "")]
    [InlineData("db", "build ¦5", "5 is out of range", "allowed: 0 to 4")]
    [InlineData("", "¦write 2", "write runs in an enclave's process", "web, db, vm")]
    [InlineData("web", "¦vepc-release", "vepc-release runs in a virtual machine's process", "")]
    [InlineData("", "¦exit", "exit runs in a process", "")]
    [InlineData("web", "fork ¦CPU2", "there is no task 'CPU2'", "did you mean")]
    [InlineData("", "kill ¦wed", "there is no enclave 'wed'", "did you mean 'web'")]
    [InlineData("", "set-max /a ¦64", "'64' is not a size", "16 pages")]
    [InlineData("", "set-max ¦/c max", "there is no cgroup '/c'", "did you mean '/a'")]
    [InlineData("", "set-max /a¦", "a limit is missing", "")]
    [InlineData("", "poison node ¦2 page 0", "2 is out of range for a node", "allowed: 0 to 1")]
    [InlineData("", "poison node 0 ¦pages 0", "expected 'page'", "")]
    [InlineData("vm", "guest-use 0 ¦of 1", "expected 'secs'", "")]
    public void A_wrong_operation_says_where_and_what_instead(
        string process,
        string marked,
        string problem,
        string remedy
    ) => Expect(marked, problem, remedy, text => new OperationParser(Names, process).Parse(text));

    [Fact]
    public void A_property_is_read()
    {
        Assert.Equal(
            new RaceProperty(PropertyKind.Always, "always usage(/a) <= max(/a)", "usage(/a)", "<=", "max(/a)"),
            PropertyParser.Parse(" always usage(/a) <= max(/a)", Names));
        Assert.Equal(PropertyKind.Finally, PropertyParser.Parse("finally signals(web) == 0", Names).Kind);
        Assert.Equal("-1", PropertyParser.Parse("sometimes evictions > -1", Names).Right);
    }

    [Theory]
    [InlineData("¦never counter == 0", "'never' does not say when", "always, finally, sometimes")]
    [InlineData("always counter ¦= 0", "'=' is not a comparison", "==")]
    [InlineData("always counter ==¦", "a number or a quantity is missing", "")]
    [InlineData("always ¦conter == 0", "there is no quantity 'conter'", "did you mean 'counter'")]
    [InlineData("always counter == ¦free-page", "there is no quantity 'free-page'", "did you mean 'free-pages'")]
    [InlineData("always ¦usage == 0", "usage of what?", "usage(/)")]
    [InlineData("always ¦usage(/c) == 0", "there is no cgroup '/c'", "did you mean '/a'")]
    [InlineData("always ¦resident(wed) == 0", "there is no enclave 'wed'", "did you mean 'web'")]
    [InlineData("always ¦done(CPU7) == 0", "there is no task 'CPU7'", "did you mean 'CPU0'")]
    [InlineData("always ¦counter(0) == 0", "counter is of the whole machine", "")]
    [InlineData("always ¦evictions(web) == 0", "evictions is of the whole machine", "")]
    [InlineData("always ¦free-pages(2) == 0", "there is no node '2'", "allowed: 0 to 1")]
    [InlineData("always ¦free-pages(2 == 0", "')' is missing", "")]
    [InlineData("always counter == 0 ¦or so", "nothing was expected here, found 'or'", "")]
    public void A_wrong_property_says_where_and_what_instead(string marked, string problem, string remedy) =>
        Expect(marked, problem, remedy, text => PropertyParser.Parse(text, Names));

    [Fact]
    public void Every_quantity_has_a_value_and_a_property_compares_it()
    {
        RaceRig rig = new(
            new RaceBuilder()
                .Cgroup("/a", 4, 9)
                .Enclave("web", 4, "/a")
                .Guest("vm", 2)
                .Task("T", "web", "build 1")
                .Build());
        foreach (string name in Quantities.Names)
        {
            string[] forms = [name, $"{name}(0)", $"{name}(/a)", $"{name}(web)", $"{name}(T)"];
            Assert.Contains(forms, form => Value(rig.Quantities, form) is not null);
        }

        Assert.Equal(RunEndFinished, rig.Run().ToString());
        Assert.Equal(
            (1, 3, 4, 13, 1),
            (rig["resident(web)"], rig["usage(/a)"], rig["max(/a)"], rig["free-pages"], rig["done(T)"]));
        Assert.True(Check("always usage(/a) < max(/a)").Holds());
        Assert.False(Check("always usage(/a) > max(/a)").Holds());
        Assert.True(Check("finally allocations == 3").Holds());
        Assert.True(Check("finally counter == free-pages").Holds());
        Assert.False(Check("finally counter != 13").Holds());
        Assert.True(Check("finally counter >= 13").Holds());
        Assert.Equal("usage(/a) is 3, max(/a) is 4", Check("always usage(/a) <= max(/a)").Describe());
        Assert.Equal("counter is 13", Check("always counter <= 4").Describe());

        PropertyCheck Check(string text) => new(PropertyParser.Parse(text), rig.Quantities);
    }

    [Fact]
    public void A_builder_refuses_what_does_not_fit_together()
    {
        Assert.Throws<RaceTextException>(() =>
            new RaceBuilder().Enclave("a", 4).Task("T", "a", "exit", "read 0").Build());
        Assert.Throws<RaceTextException>(() =>
            new RaceBuilder().Enclave("a", 4).Task("T", "a", "read 0 forever", "read 0").Build());
        Assert.Throws<RaceTextException>(() => new RaceBuilder().Enclave("a", 4).Task("T", "a", "fork T").Build());
        Assert.Throws<RaceTextException>(() =>
            new RaceBuilder().Enclave("a", 4).Enclave("b", 4).Task("T", "a", "fork C").Task("C", "b", "pause").Build());
        Assert.Throws<RaceTextException>(() =>
            new RaceBuilder().Enclave("a", 4).Task("T", "a", "fork C", "fork C").Task("C", "a", "pause").Build());
        Assert.Throws<ArgumentException>(() => new RaceBuilder().Enclave("a", 4, "/x"));
        Assert.Throws<ArgumentException>(() => new RaceBuilder().Cgroup("/x/y"));
    }

    [Theory]
    [InlineData("¦build 2", "no task is named for this", "'a: build 2'")]
    [InlineData("¦x: build 2", "there is no task and no process 'x'", "allowed: ")]
    [InlineData("a: ¦bild 2", "there is no operation 'bild'", "did you mean 'build'")]
    [InlineData("a: ¦fork T", "a fork belongs to the race", "")]
    [InlineData("a: ¦read 0 forever", "this never ends", "")]
    [InlineData("¦C: read 0", "C does not exist before it is forked", "")]
    [InlineData("admin: ¦read 0", "read runs in an enclave's process", "")]
    public void A_wrong_line_of_the_setup_says_where_and_what_instead(string marked, string problem, string remedy) =>
        Expect(marked, problem, remedy, text =>
            new RaceBuilder().Enclave("a", 4).Setup(text).Task("T", "a", "fork C").Task("C", "a", "read 0").Build());

    private const string RunEndFinished = "Finished";

    private static long? Value(Quantities quantities, string name)
    {
        try
        {
            return quantities.Get(name)();
        }
        catch (RaceTextException)
        {
            return null;
        }
    }

    private static void Expect(string marked, string problem, string remedy, Action<string> read)
    {
        int at = marked.IndexOf('¦', StringComparison.Ordinal);
        RaceTextException e = Assert.Throws<RaceTextException>(() => read(marked.Remove(at, 1)));
        Assert.Equal(at, e.Position);
        Assert.Contains(problem, e.Problem, StringComparison.Ordinal);
        Assert.Contains(remedy, e.Remedy, StringComparison.Ordinal);
        Assert.Contains($"character {at + 1}", e.Message, StringComparison.Ordinal);
    }
}
