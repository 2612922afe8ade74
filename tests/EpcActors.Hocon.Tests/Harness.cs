using System.Text.Json.Nodes;

namespace EpcActors.Hocon.Tests;

/// <summary>Reading with no environment and no disk, and comparing with JSON that another library reads.</summary>
internal static class Harness
{
    private static readonly Dictionary<string, string> Nothing = [];

    public static HoconOptions Options(
        IReadOnlyDictionary<string, string>? files = null,
        IReadOnlyDictionary<string, string>? environment = null) => new()
        {
            Environment = name => environment?.GetValueOrDefault(name),
            Includer = new HoconMemoryIncluder(files ?? Nothing),
        };

    public static HoconValue Resolve(string text, HoconOptions? options = null) =>
        HoconConfig.ParseText(text, "test", options ?? Options()).Resolve().RootValue;

    public static void AssertReads(string text, string expectedJson, HoconOptions? options = null) =>
        AssertJson(expectedJson, Resolve(text, options), text);

    public static void AssertJson(string expectedJson, HoconValue actual, string context)
    {
        string rendered = actual.ToString();
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expectedJson), JsonNode.Parse(rendered)),
            $"{context}\n  expected {expectedJson}\n  found    {rendered}");
    }

    public static HoconException AssertFails(string text, string? messagePart = null, HoconOptions? options = null)
    {
        HoconException e = Assert.Throws<HoconException>(() =>
        {
            Resolve(text, options);
        });
        Assert.StartsWith(e.Origin.ToString() + ": ", e.Message, StringComparison.Ordinal);
        if (messagePart is not null)
        {
            Assert.Contains(messagePart, e.Message, StringComparison.Ordinal);
        }

        return e;
    }

    /// <summary>Values written in a file of an in-memory set, which the text under test can include.</summary>
    public static Dictionary<string, string> Files(params (string Name, string Text)[] files) =>
        files.ToDictionary(file => file.Name, file => file.Text);
}
