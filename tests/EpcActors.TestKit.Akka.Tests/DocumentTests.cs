using System.Text.RegularExpressions;

namespace EpcActors.TestKit.Akka.Tests
{
    /// <summary>docs/akka-races.md: its code compiles, and what it prints is what a run prints.</summary>
    /// <remarks>That the document can be followed outside of the repository is for the tests of packages.</remarks>
    public sealed partial class DocumentTests
    {
        private static readonly string Document = File.ReadAllText("docs/akka-races.md").ReplaceLineEndings("\n");

        [Fact]
        public void Every_block_of_code_stands_in_the_tests()
        {
            string[] files =
            [
                .. Directory.EnumerateFiles("Documented", "*.cs")
                    .Select(file => File.ReadAllText(file).ReplaceLineEndings("\n")),
            ];
            string[] blocks = [.. BlocksOf("csharp")];
            Assert.True(blocks.Length >= 4, $"{blocks.Length} blocks");
            Assert.All(
                blocks,
                block => Assert.True(
                    Array.Exists(files, file => file.Contains(Body(block), StringComparison.Ordinal)), block));
        }

        /// <summary>A first failing run, with the folder of the output left out.</summary>
        [Fact]
        public void The_failure_that_it_shows_is_a_real_one()
        {
            Documented.CounterTests test = new();
            ActorRaceFoundException failure = Assert.Throws<ActorRaceFoundException>(test.Both_updates_count);
            string output = AppContext.BaseDirectory.Replace('\\', '/');
            Assert.Equal(
                BlocksOf("text").First(),
                failure.Message.Split("\n----")[0].Replace(output, "…/", StringComparison.Ordinal));

            // The schedule that the document pins is the one that was found.
            Assert.Equal(
                File.ReadAllText("schedules/Both_updates_count.schedule").ReplaceLineEndings("\n"),
                failure.Race.Schedule.ToString());
            new Documented.PinnedTests().The_lost_update_still_happens();
        }

        [Fact]
        public void Repaired_it_passes_and_its_schedule_holds()
        {
            new Documented.Repaired.CounterTests().Both_updates_count();
            new Documented.Repaired.PinnedTests().The_lost_update_happens_no_more();
        }

        private static IEnumerable<string> BlocksOf(string language) =>
            CodeBlock().Matches(Document).Where(block => block.Groups[1].Value == language)
                .Select(block => block.Groups[2].Value);

        /// <summary>A file in the document begins with what is global here.</summary>
        private static string Body(string block) =>
            string.Join('\n', block.Split('\n').SkipWhile(line => line.StartsWith("using ", StringComparison.Ordinal)))
                .TrimStart('\n');

        [GeneratedRegex(@"^```(\w+)\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
        private static partial Regex CodeBlock();
    }
}

namespace EpcActors.TestKit.Akka.Tests.Documented
{
    /// <summary>In place of xunit's: the document's tests are run by tests, as the first of them must fail.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    internal sealed class FactAttribute : Attribute;
}
