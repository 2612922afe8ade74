using EpcActors.Kernel;
using EpcActors.TestKit;

namespace EpcActors.TestKit.Example;

/// <summary>A first race test: one that is known, on a kernel that has it and on one that has not.</summary>
public sealed class TwoThreadsTests
{
    private static readonly RaceTest TwoThreads = RaceTest.Of(race => race
        .Node(epcPages: 8)
        .Enclave("a", pages: 4)
        .Setup("a: build 1")
        .Task("CPU0", "a", "write 1")
        .Task("CPU1", "a", "write 1")
        .Property("finally signals(a) == 0"));

    [Fact]
    public void Two_threads_that_touch_one_new_page_both_get_it() => TwoThreads.On("linux-6.16-r9-r10-fixed").Check();

    [Fact]
    public void Linux_6_16_kills_one_of_them() => TwoThreads.On("linux-6.16").Expect("finally signals(a) == 0");

    [Fact]
    public void One_switch_is_what_makes_the_difference() =>
        TwoThreads.On("linux-6.16").With(switches => switches with { EaugRaceTolerated = Fix.Present })
            .Exhaustive(states: 5_000).Check();
}
