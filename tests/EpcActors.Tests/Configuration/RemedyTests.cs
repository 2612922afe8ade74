using System.Text.RegularExpressions;

namespace EpcActors.Tests.Configuration;

/// <summary>The remedy of an error is accepted when it is written.</summary>
public sealed partial class RemedyTests
{
    [Theory]
    [InlineData(".5 MiB", "0.5 MiB")]
    [InlineData("64 mib", "64 MiB")]
    [InlineData("16 PAGES", "16 pages")]
    [InlineData("5. MiB", "5 MiB")]
    public void A_size_that_was_meant_is_written_out(string refused, string meant) =>
        IsTaken(Size(refused), Size(meant), meant);

    [Theory]
    [InlineData(".5 s", "0.5 s")]
    [InlineData("10 S", "10 s")]
    [InlineData("1h30m", "90 m")]
    [InlineData("1 m 30 s", "90 s")]
    [InlineData("1s500ms", "1500 ms")]
    [InlineData("1d1h", "1500 m")]
    public void A_duration_that_was_meant_is_written_out(string refused, string meant) =>
        IsTaken(Duration(refused), Duration(meant), meant);

    [Theory]
    [InlineData("1e308 MiB")]
    [InlineData("-1")]
    [InlineData("-1 MiB")]
    [InlineData("1e99")]
    [InlineData("99999999999 pages")]
    [InlineData("9 EiB")]
    [InlineData("x MiB")]
    [InlineData("MiB")]
    public void No_remedy_repeats_a_size_that_is_refused(string refused) => DoesNotRepeat(Size(refused), refused);

    [Theory]
    [InlineData("1e308 s")]
    [InlineData("-1")]
    [InlineData("-5 s")]
    [InlineData("1 h 5")]
    [InlineData("99999999999999999999 d 1 h")]
    [InlineData("s")]
    [InlineData("9999999999 h")]
    public void No_remedy_repeats_a_duration_that_is_refused(string refused) =>
        DoesNotRepeat(Duration(refused), refused);

    private static string Size(string text) => $"epc.enclaves.a {{ heap = \"{text}\" }}";

    private static string Duration(string text) => $"epc.run.duration = \"{text}\"";

    private static void IsTaken(string refused, string better, string meant)
    {
        Assert.Contains($"'{meant}'", Assert.Single(Loading.Errors(refused)), StringComparison.Ordinal);
        Loading.Load(better);
    }

    private static void DoesNotRepeat(string text, string refused)
    {
        string error = Assert.Single(Loading.Errors(text));
        string remedy = error[(error.LastIndexOf("; ", StringComparison.Ordinal) + 2)..];
        Assert.NotEmpty(remedy);
        Assert.DoesNotContain($"'{refused}'", remedy, StringComparison.Ordinal);
        foreach (Match quoted in Quoted.Matches(remedy))
        {
            string written = quoted.Groups[1].Value;
            Loading.Load(text.Replace(refused, written, StringComparison.Ordinal));
        }
    }

    [GeneratedRegex("write '([^']+)'")]
    private static partial Regex Quoted { get; }
}
