using EpcActors.Results;
using EpcActors.Runs.Sizing;
using EpcActors.Scenarios;

namespace EpcActors.Tests.Sizing;

/// <summary>The closed form of the least limit that loads, against simulations of loads.</summary>
public sealed class LeastLimitTests
{
    /// <summary>Around each size at which one VA page more is needed, and in between.</summary>
    public static TheoryData<int> HeapPages =>
        [1, 2, 100, 500, 501, 502, 503, 1012, 1013, 1014, 1500, 2037, 2038, 4000, 5109, 5110, 9000];

    [Theory]
    [MemberData(nameof(HeapPages))]
    public void It_loads_at_the_closed_form_and_not_a_page_below(int heapPages)
    {
        LeastSizing least = Find(Text("epc-cgroup-v8", $"a {{ cgroup = /pod, heap = {heapPages} pages }}"), "/pod");
        int pages = heapPages + 10;
        int va = (pages + 1 + 511) / 512;
        Assert.Equal(va, least.VaPages);
        Assert.Equal(va + 1 + 1, least.ClosedFormPages);
        Assert.Equal(least.ClosedFormPages, least.Pages);
        Assert.True(least.FailsBelow);
        Assert.Contains("ENOMEM", least.Reason, StringComparison.Ordinal);
    }

    /// <summary>What a kernel needs beside that is found by simulation, and told.</summary>
    [Theory]
    [InlineData("epc-cgroup-v5")]
    [InlineData("epc-cgroup-v8")]
    [InlineData("epc-cgroup-v17")]
    [InlineData("epc-cgroup-v17-head-room")]
    public void On_every_kernel_it_loads_at_the_answer_and_not_a_page_below(string kernel)
    {
        string text = Text(kernel, "a { cgroup = /pod, heap = 1500 pages }");
        LeastSizing least = Find(text, "/pod");
        Assert.InRange(least.Pages, least.ClosedFormPages, least.ClosedFormPages + 64);
        PodSizer sizer = Sizer(text, "/pod");
        Assert.Empty(sizer.WhyNotLoaded(least.Pages, 1));
        Assert.NotEmpty(sizer.WhyNotLoaded(least.Pages - 1, 1));
        Assert.Equal(least.Pages > least.ClosedFormPages, least.Reason.Contains("the kernel needs",
            StringComparison.Ordinal));
    }

    [Fact]
    public void Enclaves_and_guests_of_a_cgroup_add_up()
    {
        string text = Text(
            "epc-cgroup-v8",
            "a { cgroup = /pod, heap = 1000 pages }, b { cgroup = /pod, heap = 300 pages, start = 500 ms }",
            "virtual-machines { g { cgroup = /pod, epc = 2 MiB } }");
        LeastSizing least = Find(text, "/pod");
        Assert.Equal(2 + 1, least.VaPages);
        Assert.Equal(2, least.SecsPages);
        Assert.Equal(512, least.GuestPages);
        Assert.Equal(3 + 2 + 512 + 1, least.ClosedFormPages);

        // The first enclave stays while the second is built: a batch of its pages may be on its way out.
        Assert.InRange(least.Pages, least.ClosedFormPages, least.ClosedFormPages + 16);
        Assert.True(least.FailsBelow);
        Assert.Empty(Sizer(text, "/pod").WhyNotLoaded(least.Pages, 1));
    }

    /// <summary>
    /// A charge reclaims from its own cgroup and below: when a guest has filled the cgroup above, what an enclave holds
    /// there is out of reach, which no closed form of page counts knows.
    /// </summary>
    [Fact]
    public void Pages_of_an_enclave_above_are_out_of_reach_and_count()
    {
        LeastSizing least = Find(
            Text(
                "epc-cgroup-v8",
                "a { cgroup = /pod, heap = 1000 pages }, b { cgroup = /pod/inner, heap = 300 pages, start = 500 ms }",
                "virtual-machines { g { cgroup = /pod, epc = 2 MiB } }"),
            "/pod");
        Assert.Equal(3 + 2 + 512 + 1, least.ClosedFormPages);
        Assert.InRange(least.Pages, least.ClosedFormPages + 1000, least.ClosedFormPages + 1040);
        Assert.Contains("out of its reach", least.Reason, StringComparison.Ordinal);
    }

    /// <summary>The case of the report: 60 MiB need 31 VA pages, the SECS and a page on its way.</summary>
    [Fact]
    public void Sixty_mebibytes_load_from_33_pages_on()
    {
        LeastSizing least = Find(Text("epc-cgroup-v8", "a { cgroup = /pod, heap = 60 MiB }"), "/pod");
        Assert.Equal(33, least.Pages);
        Assert.Equal(31, least.VaPages);
    }

    private static LeastSizing Find(string text, string path) => LeastFinder.Find(Sizer(text, path), 1);

    private static PodSizer Sizer(string text, string path)
    {
        Scenario scenario = SizingRig.Load(text);
        SizingRequest request = new() { Scenario = scenario };
        int cgroup = scenario.Cgroups.Select(one => one.Path).ToList().IndexOf(path);
        return new PodSizer(new SizingWork(request, null, CancellationToken.None), cgroup);
    }

    private static string Text(string kernel, string enclaves, string more = "") => $$"""
        epc {
          kernel = "{{kernel}}"
          machine { nodes = [ { cpus = 4, epc = 94 MiB } ] }
          cgroups { /pod { /inner {} } }
          enclaves { {{enclaves}} }
          {{more}}
        }
        """;
}
