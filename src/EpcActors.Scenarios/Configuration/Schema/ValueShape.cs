using System.Text.Json.Nodes;

namespace EpcActors.Scenarios.Configuration;

/// <summary>
/// One form that a value may have, in JSON Schema. A reader says it where it converts the value, so what the schema
/// allows and what the loader takes stand in one place.
/// </summary>
/// <param name="Json">The form as a schema; forms with equal text are one.</param>
/// <param name="Definition">Name under which the schema defines it once; empty to write it where it is used.</param>
internal sealed record ValueShape(string Json, string Definition = "")
{
    private const string Number = @"\s*-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\s*";
    private const string Natural = @"\s*(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\s*";
    private const string PlainNumber = @"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)\s*";

    private const string SizeUnits =
        "(B|b|bytes?|kB|[MGTPEZY]B|[KMGTPEZYkmgtpezy]|[KMGTPEZY]i|[KMGTPEZY]iB"
            + "|(kilo|mega|giga|tera|peta|exa|zetta|yotta|kibi|mebi|gibi|tebi|pebi|exbi|zebi|yobi)bytes?)";

    private const string DurationUnits =
        "(ns|nanos?|nanoseconds?|[uµμ]s|micros?|microseconds?|ms|millis?|milliseconds?"
            + "|s|seconds?|m|minutes?|h|hours?|d|days?)";

    private const string Pages = @"\s*[0-9]+\s*pages?\s*";

    /// <summary>Any text; HOCON writes numbers and booleans for some.</summary>
    public static ValueShape Text { get; } = new("""{"type":["string","number","boolean"]}""");

    /// <summary>A text that nothing else stands for: a name, an expectation, an operation.</summary>
    public static ValueShape Name { get; } = new("""{"type":"string"}""");

    /// <summary>The value is a list; what its elements are is said of them.</summary>
    public static ValueShape List { get; } = new("");

    public static ValueShape Switch { get; } = OneOf([true, false, "on", "off", "yes", "no", "true", "false"]);

    public static ValueShape Off { get; } = OneOf([false, "off", "no", "false"]);

    public static ValueShape Zero { get; } = new("""{"enum":[0,"0"]}""");

    /// <summary>A size with its unit, or a share of what it is a part of.</summary>
    public static ValueShape Size { get; } = Named(
        "size",
        "64 MiB, 12288 pages, 10 % of what it is a part of, or of the EPC of the machine",
        $"^({Natural}{SizeUnits}\\s*|{Pages}|{PlainNumber}%\\s*)$");

    /// <summary>A size with its unit.</summary>
    public static ValueShape OwnSize { get; } = Named(
        "own-size", "64 MiB, or 12288 pages", $"^({Natural}{SizeUnits}\\s*|{Pages})$");

    public static ValueShape Duration { get; } = Named(
        "duration",
        "10 ms, or 300 cycles of the clock of the cost profile",
        $"^({Natural}{DurationUnits}|{PlainNumber}cycles?)\\s*$");

    public static ValueShape Percent { get; } = Named("percent", "10 %", $"^{PlainNumber}%\\s*$");

    public static ValueShape Clock { get; } = Pattern(@"^\s*[0-9]+(\.[0-9]*)?\s*[MG]Hz\s*$");

    /// <summary>Accesses of a step.</summary>
    public static ValueShape Accesses { get; } = new(
        """{"anyOf":[{"type":"integer","minimum":1},{"type":"string","pattern":"^\\s*[0-9]+\\s*pass(es)?\\s*$"}]}""");

    public static ValueShape Address { get; } = Pattern("^[hH][tT][tT][pP][sS]?://");

    /// <summary>A quantity as Kubernetes writes it.</summary>
    public static ValueShape Quantity { get; } = new(
        """{"anyOf":[{"type":"number","minimum":0},{"type":"string","pattern":"^\\s*\\+?"""
            + """([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([KMGTPE]i|[kMGTPE]|[eE][+-]?[0-9]{1,2})?\\s*$"}]}""");

    /// <summary>A path to a configuration file of one's own.</summary>
    public static ValueShape File { get; } = Pattern(@"\.conf$");

    /// <summary>A word that stands beside other forms.</summary>
    public static ValueShape Word(string word) => OneOf([word]);

    /// <summary>One word of a list. One that has on and off takes all of HOCON's words for them.</summary>
    public static ValueShape Words(IReadOnlyList<string> words)
    {
        List<JsonNode?> all = [.. words.Select(word => (JsonNode)word)];
        (string Word, JsonNode[] Same)[] booleans = [("on", [true, "yes", "true"]), ("off", [false, "no", "false"])];
        foreach ((string word, JsonNode[] same) in booleans)
        {
            if (words.Contains(word))
            {
                all.AddRange(same);
            }
        }

        return OneOf([.. all]);
    }

    /// <summary>A whole number; HOCON takes one between quotes too.</summary>
    public static ValueShape Integer(long min, long max) => Of(new JsonObject
    {
        ["type"] = new JsonArray("integer", "string"),
        ["minimum"] = min,
        ["maximum"] = max == long.MaxValue ? null : max,
        ["pattern"] = "^[+-]?[0-9]+$",
    });

    public static ValueShape Real(double min, double max) => Of(new JsonObject
    {
        ["type"] = new JsonArray("number", "string"),
        ["minimum"] = min,
        ["maximum"] = max,
        ["pattern"] = $"^{Number}$",
    });

    public static ValueShape Cycles(int max) => Of(new JsonObject
    {
        ["type"] = new JsonArray("integer", "string"),
        ["minimum"] = 0,
        ["maximum"] = max,
        ["pattern"] = @"^\s*[0-9]+\s*cycles\s*$",
    });

    private static ValueShape Named(string name, string description, string pattern) =>
        Of(new JsonObject { ["description"] = description, ["type"] = "string", ["pattern"] = pattern }) with
        {
            Definition = name,
        };

    private static ValueShape Pattern(string pattern) =>
        Of(new JsonObject { ["type"] = "string", ["pattern"] = pattern });

    private static ValueShape OneOf(JsonNode?[] values) => Of(new JsonObject { ["enum"] = new JsonArray(values) });

    private static ValueShape Of(JsonObject schema)
    {
        foreach (string key in schema.Where(field => field.Value is null).Select(field => field.Key).ToArray())
        {
            schema.Remove(key);
        }

        return new ValueShape(schema.ToJsonString(ConfigurationSchema.Compact));
    }
}
