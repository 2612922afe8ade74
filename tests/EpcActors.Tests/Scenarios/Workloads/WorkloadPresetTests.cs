using EpcActors.Kernel.Random;
using EpcActors.Kernel.Workloads;
using EpcActors.Scenarios.Workloads;

namespace EpcActors.Tests.Scenarios.Workloads;

public sealed class WorkloadPresetTests
{
    public static TheoryData<string> Names => [.. WorkloadPresets.All.Select(preset => preset.Name)];

    [Fact]
    public void All_presets_are_there()
    {
        string[] expected =
        [
            "sgxgauge-low", "sgxgauge-medium", "sgxgauge-high",
            "ycsb-a", "ycsb-b", "ycsb-c", "ycsb-d", "ycsb-e", "ycsb-f",
            "teebench-cache-fit", "teebench-cache-exceed", "redis-gramine", "memtier-64k", "mysql-occlum", "java-pack",
            "kernel-oversub", "graphene-preheat",
        ];
        Assert.Equal(expected, WorkloadPresets.All.Select(preset => preset.Name));
        Assert.Null(WorkloadPresets.Find("ycsb-g"));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_preset_stays_in_its_heap_whatever_the_size(string name)
    {
        WorkloadPreset preset = WorkloadPresets.Find(name)!;
        foreach (int pages in (int[])[1, 2, 3, 17, 1000, 23_936, preset.HeapPagesFor(23_936)])
        {
            AccessPattern pattern = preset.CreatePattern(pages, new Prng(9));
            Assert.Equal(pages, pattern.PageCount);
            for (int i = 0; i < 2000 && pattern.TryNext(out PageAccess access); i++)
            {
                Assert.InRange(access.Page, 0, pages - 1);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_preset_says_what_it_is(string name)
    {
        WorkloadPreset preset = WorkloadPresets.Find(name)!;
        Assert.NotEmpty(preset.Source);
        Assert.NotEmpty(preset.Description);
        Assert.True(preset.UsefulCyclesPerAccess > 0);
        Assert.True((preset.HeapPages == 0) != (preset.HeapPerMilleOfEpc == 0));
        Assert.InRange(preset.HeapPagesFor(23_936), 1, int.MaxValue - 1);
        Assert.InRange(preset.HeapPagesFor(int.MaxValue), 1, int.MaxValue - 1);
    }

    [Fact]
    public void Sgxgauge_low_fits_medium_fills_and_high_exceeds_the_EPC()
    {
        Assert.True(WorkloadPresets.Find("sgxgauge-low")!.HeapPagesFor(23_936) < 23_936);
        Assert.Equal(23_936, WorkloadPresets.Find("sgxgauge-medium")!.HeapPagesFor(23_936));
        Assert.True(WorkloadPresets.Find("sgxgauge-high")!.HeapPagesFor(23_936) > 23_936);
    }

    [Theory]
    [InlineData("ycsb-a", 0.5)]
    [InlineData("ycsb-b", 0.05)]
    [InlineData("ycsb-c", 0.0)]
    [InlineData("ycsb-d", 0.05)]
    [InlineData("ycsb-f", 1.0 / 3)]
    [InlineData("memtier-64k", 0.9)]
    public void The_share_of_writes_is_that_of_the_source(string name, double expected)
    {
        AccessPattern pattern = WorkloadPresets.Find(name)!.CreatePattern(10_000, new Prng(1));
        int writes = 0;
        for (int i = 0; i < 200_000; i++)
        {
            writes += pattern.Next().Kind == PageAccessKind.Write ? 1 : 0;
        }

        Assert.Equal(expected, writes / 200_000.0, 0.01);
    }

    [Fact]
    public void The_preset_of_the_oversubscribed_heap_writes_then_reads_every_page()
    {
        AccessPattern pattern = WorkloadPresets.Find("kernel-oversub")!.CreatePattern(100, new Prng(1));
        Assert.Equal(200, pattern.Length);
        for (int i = 0; i < 200; i++)
        {
            Assert.Equal(new PageAccess(i % 100, i < 100 ? PageAccessKind.Write : PageAccessKind.Read), pattern.Next());
        }
    }
}
