using System.Text.RegularExpressions;

namespace EpcActors.Tests.Tidy;

/// <summary>
/// The kernel's room has what Linux does and nothing else: it knows other processes by ISharedMachine alone.
/// </summary>
public sealed partial class KernelRoomTests
{
    [Fact]
    public void No_file_of_the_kernel_names_the_cluster()
    {
        string[] files = [.. KernelFiles()];
        Assert.True(files.Length > 60, $"only {files.Length} files");
        string[] found =
        [
            .. files.SelectMany(file => ClusterWords()
                .Matches(Repository.Text(file))
                .Select(word => $"{file}: {word}")),
        ];
        Assert.True(found.Length == 0, string.Join('\n', found));
    }

    [Fact]
    public void Routines_reach_what_all_sockets_share_by_the_port()
    {
        // The routines that stand behind the port: called by OneMachine alone, or a process of several would miss them.
        string port = Repository.Text("src/EpcActors.Kernel/Routines/OneMachine.cs");
        string[] behind = [.. Behind().Matches(port).Select(call => call.Value).Distinct()];
        Assert.Contains("Misc.Uncharge(", behind);
        Assert.Contains("Main.ShouldReclaim(", behind);
        Assert.True(behind.Length >= 10, string.Join(' ', behind));
        string[] others = [.. KernelFiles().Where(file => !file.EndsWith("OneMachine.cs", StringComparison.Ordinal))];
        string[] found =
        [
            .. others.SelectMany(file => behind
                .Where(call => Repository.Text(file).Contains(call, StringComparison.Ordinal))
                .Select(call => $"{file}: {call}")),
        ];
        Assert.Equal(Outside.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
    }

    /// <summary>Actions of a race on one process, which stand for no call of the kernel.</summary>
    private static readonly string[] Outside =
    [
        "src/EpcActors.Kernel/Tasks/OperationTask.cs: EpcCgroup.OomKill(",
        "src/EpcActors.Kernel/Tasks/OperationTask.Pages.cs: Misc.TryCharge(",
    ];

    private static IEnumerable<string> KernelFiles() => Repository
        .FilesOf(".cs")
        .Where(file =>
            file.StartsWith("src/EpcActors.Kernel/", StringComparison.Ordinal)
            || file.StartsWith("src/EpcActors.Kernel/", StringComparison.Ordinal));

    [GeneratedRegex(@"\w*(?:[Cc]luster|[Ii]ncarnation|Gateway)\w*")]
    private static partial Regex ClusterWords();

    [GeneratedRegex(@"\b(?:Misc|Main|Reclaim|EpcCgroup|CgroupCore)\.\w+\(")]
    private static partial Regex Behind();
}
