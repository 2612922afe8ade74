using System.Text.RegularExpressions;

namespace EpcActors.Tests.Tidy;

/// <summary>
/// The protocol between processes runs in simulations of one seed as the kernel does: no clock, no thread, no random
/// number of the framework. The rest of the room has them; so this folder is not held by the list of its project.
/// </summary>
public sealed partial class ClusterRoomTests
{
    private const string Protocol = "src/EpcActors.Cluster/Sharing/";

    [Fact]
    public void The_protocol_names_no_clock_no_thread_and_no_lock()
    {
        string[] files =
        [
            .. Repository.FilesOf(".cs").Where(file => file.StartsWith(Protocol, StringComparison.Ordinal)),
        ];
        Assert.True(files.Length > 15, $"only {files.Length} files");
        string[] found =
        [
            .. files.SelectMany(file => Repository
                .Lines(file)
                .Where(line => Banned().IsMatch(line))
                .Select(line => $"{file}: {line.Trim()}")),
        ];
        Assert.True(found.Length == 0, string.Join('\n', found));
    }

    [Theory]
    [InlineData("        long ticks = Stopwatch.GetTimestamp();", true)]
    [InlineData("        lock (_gate)", true)]
    [InlineData("    private Task _running;", true)]
    [InlineData("        public static MessageKind Kind => MessageKind.Lock;", false)]
    [InlineData("    /// <summary>A Task that counts, under a Lock.</summary>", false)]
    public void What_is_banned_is_found(string line, bool isFound) => Assert.Equal(isFound, Banned().IsMatch(line));

    [GeneratedRegex(
        @"^(?!\s*//).*?(?<![.\w])(DateTime|DateTimeOffset|TimeProvider|Stopwatch|Environment|Random|Guid|HashCode"
        + @"|Task|ValueTask|Thread|ThreadPool|Timer|Monitor|Interlocked|Volatile|Concurrent\w+|File)\b|^\s*lock\s*\(")]
    private static partial Regex Banned();
}
