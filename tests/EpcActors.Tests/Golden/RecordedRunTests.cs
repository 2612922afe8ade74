using EpcActors.Races.Recordings;
using EpcActors.Tests.Configuration;

namespace EpcActors.Tests.Golden;

/// <summary>
/// The recorded runs of the real driver: the emulator issues the same ENCLS leaves for the same enclave pages and EPC
/// pages in the same order, and ends with the same figures. A failure names the first leaf or operation that differs.
/// README.md in this folder says what a recording is.
/// </summary>
public sealed class RecordedRunTests
{
    private const string Data = "tests/EpcActors.Tests/Golden/data";

    public static TheoryData<string> Newest => [.. Files("")];

    public static TheoryData<string> Older => [.. Files("older/")];

    public static TheoryData<string> Timed => [.. Folders()];

    [Theory]
    [MemberData(nameof(Newest))]
    public void The_newest_kernels_issue_the_same_leaves(string file) => AssertEqual(Compare(file));

    [Theory]
    [MemberData(nameof(Older))]
    public void Linux_5_15_and_v5_issue_the_same_leaves(string file) => AssertEqual(Compare(file));

    [Theory]
    [MemberData(nameof(Timed))]
    public void Every_operation_of_a_timed_run_does_the_same(string folder) =>
        AssertEqual(TimedRecording.Run(At("timed/" + folder), [], CancellationToken.None));

    /// <summary>A recording that was lost, or is not found any more, is not a pass.</summary>
    [Fact]
    public void All_recordings_are_there()
    {
        Assert.Equal((28, 31, 14), (Files("").Length, Files("older/").Length, Folders().Length));
        DriverRecording[] all = [.. Files("").Concat(Files("older/")).Select(Recording)];
        Assert.Equal(15_067, all.Sum(one => one.Events.Count(each => each.Kind == DriverEventKind.Leaf)));
        Assert.Equal(13, all.Sum(one => one.Events.Count(each => each.Kind == DriverEventKind.Kill)));
    }

    /// <summary>The final comparison is never empty.</summary>
    [Theory]
    [InlineData("rnd98473.txt", 23)]
    [InlineData("cgr216252_8_36.txt", 35)]
    [InlineData("older/v5_oomseq.txt", 35)]
    public void Figures_of_the_end_are_compared(string file, int atLeast) =>
        Assert.InRange(Compare(file).Figures, atLeast, 100);

    [Fact]
    public void A_leaf_that_is_left_out_is_named()
    {
        string text = File.ReadAllText(At("lim_17_4.txt"));
        DriverComparison differs =
            Compare(text.Replace("EBLOCK a 3 epc=0:5\n", "", StringComparison.Ordinal), "lim_17_4.txt");
        Assert.Equal(
            "leaf 14, operation 1 (init a): driver EWB a 2 epc=0:4 SGX_NOT_TRACKED, emulator EBLOCK a 3 epc=0:5",
            Assert.Single(differs.Differences));
        Assert.Equal(14, Assert.Single(differs.Context, line => line.Differs).Number);
    }

    [Fact]
    public void Another_victim_is_named()
    {
        string text = File.ReadAllText(At("lim_17_4.txt"));
        DriverComparison differs =
            Compare(text.Replace("EBLOCK a 4 epc=0:6", "EBLOCK a 3 epc=0:5", StringComparison.Ordinal), "lim_17_4.txt");
        Assert.StartsWith("leaf 21, ", Assert.Single(differs.Differences), StringComparison.Ordinal);
        Assert.EndsWith(
            "driver EBLOCK a 3 epc=0:5, emulator EBLOCK a 4 epc=0:6", differs.Differences[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_free_page_more_after_an_operation_is_named()
    {
        string text = File.ReadAllText(At("lim_17_4.txt"));
        DriverComparison differs =
            Compare(text.Replace("= init a | free=96", "= init a | free=97", StringComparison.Ordinal), "lim_17_4.txt");
        string difference = Assert.Single(differs.Differences);
        Assert.StartsWith("leaf 30, operation 1 (init a): driver (end of init a", difference, StringComparison.Ordinal);
        Assert.EndsWith("emulator (end of build 8; 96 pages free)", difference, StringComparison.Ordinal);
    }

    [Fact]
    public void An_operation_that_only_the_driver_did_is_named()
    {
        string text = File.ReadAllText(At("lim_17_4.txt"));
        const string Last = "= init a | free=96\n";
        DriverComparison differs =
            Compare(text.Replace(Last, Last + "= reclaim | free=96\n", StringComparison.Ordinal), "lim_17_4.txt");
        Assert.Equal(
            "operation 2 (reclaim): the emulator does not come to its end", Assert.Single(differs.Differences));
    }

    /// <summary>
    /// A model that is so wrong that not even the setup goes through differs, and keeps no other recording from being
    /// compared.
    /// </summary>
    [Fact]
    public void A_setup_that_fails_is_a_difference()
    {
        string text = File.ReadAllText(At("older/v5_sh_create_10max.txt"));
        DriverComparison differs =
            Compare(text.Replace("\"a: init\"", "\"a: remove 0\"", StringComparison.Ordinal), "v5.txt");
        string difference = Assert.Single(differs.Differences);
        Assert.StartsWith(
            "before the first leaf: the kernel refuses 'setup-3:a: remove",
            difference,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("lru=2 evictions=6", "lru=2 evictions=5", "evictions: driver 5, emulator 6")]
    [InlineData("EWB=9(err 3)", "EWB=8(err 2)", "leaves EWB: driver 8(err 2), emulator 9(err 3)")]
    [InlineData("cg /p/a current=4 peak=4 events=3", "cg /p/a current=4 peak=4 events=2",
        "cg /p/a events: driver 2, emulator 3")]
    [InlineData("[end]\n", "[end]\ninit a -> -12\n", "first failed call: driver -12, emulator no failed call")]
    [InlineData("[end]\n", "[end]\ntouch a 3 -> HANG\n", "the driver hangs, the emulator does not")]
    public void A_figure_of_the_end_is_named(string before, string after, string difference)
    {
        string text = File.ReadAllText(At("lim_17_4.txt"));
        Assert.Contains(before, text, StringComparison.Ordinal);
        DriverComparison differs = Compare(text.Replace(before, after, StringComparison.Ordinal), "lim_17_4.txt");
        Assert.Equal(difference, Assert.Single(differs.Differences));
    }

    /// <summary>The difference between the code as posted and its intent shows in the order of evictions.</summary>
    [Fact]
    public void The_head_room_that_v17_intends_is_not_what_it_does()
    {
        DriverComparison posted = TimedRecording.Run(
            At("timed/limit-200-v17"),
            [new KeyValuePair<string, string>("epc.kernel", "epc-cgroup-v17")],
            CancellationToken.None);
        Assert.StartsWith("operation ", posted.Differences[0], StringComparison.Ordinal);
        Assert.Contains("misc.peak(/a): driver 168, emulator 200", posted.Differences);
    }

    [Theory]
    [InlineData("", "it has no section [scenario]")]
    [InlineData(
        "[scenario]\n[script]\n[leaves]\n= add a 0 8\n[end]\n", "bad.txt:4: '= add a 0 8' is neither a leaf nor")]
    public void What_is_no_recording_is_refused(string text, string problem) =>
        Assert.Contains(
            problem,
            Assert.Throws<RecordingFormatException>(() => DriverRecording.Parse(text, "bad.txt")).Message,
            StringComparison.Ordinal);

    private static DriverComparison Compare(string file) => LeafComparison.Run(Recording(file));

    private static DriverComparison Compare(string text, string name) =>
        LeafComparison.Run(DriverRecording.Parse(text, name));

    private static DriverRecording Recording(string file) => DriverRecording.Parse(File.ReadAllText(At(file)), file);

    private static void AssertEqual(DriverComparison comparison)
    {
        Assert.True(comparison.IsEqual,
            $"{comparison.Name} on {comparison.Kernel}:\n{string.Join('\n', comparison.Differences)}");
        Assert.True(comparison.Operations > 0 || comparison.Leaves > 0, $"{comparison.Name}: nothing was compared");
    }

    private static string At(string file) => Loading.RepositoryPath($"{Data}/{file}");

    private static string[] Files(string folder) =>
        [.. Directory.EnumerateFiles(At(folder), "*.txt")
            .Select(file => folder + Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    private static string[] Folders() =>
        [.. Directory.EnumerateDirectories(At("timed"))
            .Select(folder => Path.GetFileName(folder)!).Order(StringComparer.Ordinal)];
}
