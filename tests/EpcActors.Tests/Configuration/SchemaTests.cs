using System.Text.Json;
using System.Text.Json.Nodes;
using EpcActors.Hocon;
using EpcActors.Scenarios.Configuration;
using EpcActors.Tests.Cli;
using EpcActors.Tests.Tidy;
using Json.Schema;

namespace EpcActors.Tests.Configuration;

/// <summary>
/// <c>epc config schema</c> against the loader: an editor neither underlines what runs nor lets pass what the loader
/// calls a wrong type, unit, word or key.
/// </summary>
public sealed class SchemaTests
{
    /// <summary>Values of every kind, as a file may have them.</summary>
    private static readonly string[] Values =
    [
        "auto",
        "max",
        "forever",
        "off",
        "on",
        "yes",
        "true",
        "false",
        "0",
        "1",
        "7",
        "-1",
        "2.5",
        "1e-1",
        "99999999999",
        "\"1\"",
        "x",
        "\"\"",
        "5 MiB",
        "5MB",
        "12 k",
        "4096 pages",
        "1 page",
        "5 MiBs",
        "10 ms",
        "10 µs",
        "2 minutes",
        "-5 ms",
        "300 cycles",
        "3 pages 4",
        "10 %",
        "150 %",
        "ten %",
        "3 passes",
        "2900 MHz",
        "2.9 GHz",
        "2900",
        "\"http://host:4318\"",
        "\"x.conf\"",
        "linux-6.16",
        "xeon-icx",
        "two-sockets-64mib",
        "enomem",
        "uniform",
        "touch",
        "[]",
        "[ 1 ]",
        "[ a ]",
        "[ touch ]",
        "[ 4 MiB ]",
        "{}",
        "{ nonsense = 1 }",
        "{ 0 = 1 }",
        "[ [] ]",
    ];

    private static readonly JsonSchema Schema = JsonSchema.FromText(ConfigurationSchema.Text());

    /// <summary>Scenarios and races that the project ships.</summary>
    public static TheoryData<string> Files =>
    [
        .. Repository.FilesOf(".conf").Where(file => file == "config/quickstart.conf"
            || file.StartsWith("config/scenarios/", StringComparison.Ordinal)
            || file.StartsWith("config/races/", StringComparison.Ordinal)),
    ];

    /// <summary>
    /// Keys that something reads in a file that sets nothing else; defaults have the forms of what uses them.
    /// </summary>
    public static TheoryData<string> Keys =>
        [.. ConfigurationSchema.Keys().Where(key => !key.StartsWith("epc.defaults.", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Files))]
    public void What_is_shipped_is_valid_by_the_schema(string file)
    {
        LoadContext context = new(Loading.RepositoryPath(file), ConfigEnvironment.Default);
        HoconObject effective = LayeredConfiguration.Load(context, [])!;
        JsonObject document = (JsonObject)JsonNode.Parse(effective.ToString())!;
        foreach (string layer in LayeredConfiguration.FileKeys)
        {
            document.Remove(layer);
        }

        AssertValid(document);
    }

    [Fact]
    public void The_reference_is_valid_by_the_schema() =>
        AssertValid(JsonNode.Parse(LayeredConfiguration.Reference().ToString())!);

    [Theory]
    [InlineData("epc { run { duratoin = 10 s } }")]
    [InlineData("epc { enclaves { a { heap = 4 MiB, thread = 2 } } }")]
    [InlineData("epc { cgroups { /a { /b { limit = 4 MiB } } } }")]
    [InlineData("epc { enclaves { a { heap = 4 MiB, steps = [ { run { pattern = zipf, thetta = 1 } } ] } } }")]
    [InlineData("epc { race { variants { buggy { switchs { free-page-counter = racy } } } } }")]
    [InlineData("epc { enclaves { a { heap = 4 MiB, steps = [ { fork = [ { run { patern = zipf } } ] } ] } } }")]
    [InlineData("epc { run { duration = 10 } }")]
    [InlineData("epc { run { duration = 10 MiB } }")]
    [InlineData("epc { cgroups { /a { max = 10 ms } } }")]
    [InlineData("epc { machine { nodes = [ { cpus = many, epc = 4 MiB } ] } }")]
    [InlineData("epc { machine = nowhere }")]
    [InlineData("epc { kernel = linux-2.6 }")]
    [InlineData("epc { switches { at-limit = ignore } }")]
    [InlineData("epc { defaults { enclave { heap = 4 MiB } } }")]
    [InlineData("epc { enclaves { \"a b\" { heap = 4 MiB } } }")]
    [InlineData("epc { script = [ { at = 5 ms, explode = a } ] }")]
    [InlineData("epc { expect-on { \"linux-6.16\" = 7 } }")]
    [InlineData("epic { }")]
    public void A_mistake_is_underlined(string text)
    {
        Assert.False(IsValid(Json(text)), text);
    }

    /// <summary>An editor shows the default of every key that has one.</summary>
    [Fact]
    public void Defaults_are_those_of_the_reference()
    {
        JsonNode reference = JsonNode.Parse(LayeredConfiguration.Reference().ToString())!;
        int compared = 0;
        foreach (JsonObject schema in Objects(JsonNode.Parse(ConfigurationSchema.Text())!))
        {
            string[] path = schema["title"] is JsonValue title && title.TryGetValue(out string? text)
                ? text.Split('.') : [];
            JsonNode? standard = path.Length == 0 ? null
                : path.Aggregate((JsonNode?)reference, (node, key) => (node as JsonObject)?[key]);
            if (standard is not (null or JsonObject))
            {
                Assert.True(
                    JsonNode.DeepEquals(standard, schema["default"]),
                    $"{string.Join('.', path)}: the reference says {standard}, the schema {schema["default"]}");
                compared++;
            }
        }

        Assert.True(compared > 50, $"only {compared} keys have a default");
    }

    /// <summary>For every key and value: the schema takes what the loader takes.</summary>
    [Trait("tier", "slow")] // Each of three hundred keys with each of fifty values.
    [Theory]
    [MemberData(nameof(Keys))]
    public void The_schema_and_the_loader_agree(string key)
    {
        string pattern = PatternFor(key);
        foreach (string value in Values)
        {
            (string text, string place) = Place(key, value, pattern);
            ConfigurationError[] errors = Errors(text);
            ConfigurationError[] here =
                [.. errors.Where(error => error.Key.StartsWith(place, StringComparison.Ordinal))];
            bool isValid = IsValid(Json(text));

            Assert.True(
                isValid || here.Length > 0, $"the schema refuses what the loader takes: {text}\n{Lines(errors)}");
            ConfigurationError[] wrong = [.. here.Where(error => IsOfForm(error, place))];
            Assert.True(
                !isValid || wrong.Length == 0, $"the schema takes what the loader refuses: {text}\n{Lines(wrong)}");
        }
    }

    [Fact]
    public async Task The_command_prints_it()
    {
        CliResult result = await CliHarness.Call("config", "schema");

        Assert.Equal(0, result.Code);
        using JsonDocument document = JsonDocument.Parse(result.Out);
        Assert.Equal(
            "https://json-schema.org/draft/2020-12/schema", document.RootElement.GetProperty("$schema").GetString());
        Assert.True(MetaSchemas.Draft202012.Evaluate(document.RootElement).IsValid);
    }

    [Fact]
    public void A_file_may_name_its_schema() =>
        Loading.Load("""{ "$schema": "epc.schema.json", "epc": { "seed": 7 } }""");

    private static IEnumerable<JsonObject> Objects(JsonNode node)
    {
        if (node is JsonObject own)
        {
            yield return own;
        }

        IEnumerable<JsonNode?> parts =
            node is JsonObject fields ? fields.Select(field => field.Value) : node as JsonArray ?? [];
        foreach (JsonObject below in parts.OfType<JsonNode>().SelectMany(Objects))
        {
            yield return below;
        }
    }

    /// <summary>Errors about the form of a value, not about what else is in the file.</summary>
    private static bool IsOfForm(ConfigurationError error, string place) =>
        (error.Message.Contains("; expected ", StringComparison.Ordinal)
            && !error.Message.EndsWith("expected two", StringComparison.Ordinal))
            || error.Message.Contains("has no unit", StringComparison.Ordinal)
            || (error.Message.StartsWith("there is no key", StringComparison.Ordinal) && error.Key != place);

    private static string Lines(IEnumerable<ConfigurationError> errors) =>
        string.Join('\n', errors.Select(error => error.ToString()));

    /// <summary>The first pattern that has a use for the key of a step.</summary>
    private static string PatternFor(string key) => PatternBinder.Names.FirstOrDefault(
        pattern => !Errors(Place(key, "1", pattern).Text).Any(error =>
            error.Message.StartsWith("there is no key", StringComparison.Ordinal)),
        "uniform");

    /// <summary>A file with one value at a key, and the key as errors name it.</summary>
    private static (string Text, string Place) Place(string key, string value, string pattern)
    {
        string text = value;
        string place = "";
        string[] parts = key.Split('.');
        for (int i = parts.Length - 1; i >= 0; i--)
        {
            bool isList = parts[i].EndsWith("[]", StringComparison.Ordinal);
            string name = parts[i].Replace("[]", "", StringComparison.Ordinal)
                .Replace("<name>", "e", StringComparison.Ordinal).Replace("<path>", "/a", StringComparison.Ordinal);
            bool isLeaf = i == parts.Length - 1;
            string inner = isLeaf ? text : $"{{ {Beside(parts, i, pattern)}{text} }}";
            text = $"{name} = {(isList ? $"[ {inner} ]" : inner)}";
            name = name == "/a" ? "\"/a\"" : name;
            place = (isList && !isLeaf ? $"{name}[0]" : name) + (isLeaf ? "" : "." + place);
        }

        return (text, place);
    }

    /// <summary>What must stand beside a key for the loader to come to it.</summary>
    private static string Beside(string[] parts, int at, string pattern)
    {
        string below = parts[at + 1];
        string kind = below == "within" && at + 2 < parts.Length ? "phased" : below == "parts[]" ? "mixed" : pattern;
        return parts[at] switch
        {
            "<name>" when at > 0 && parts[at - 1] == "enclaves" => "heap = 4 MiB, ",
            "run" when at > 1 && below != "preset" => $"pattern = {kind}, ",
            "faults[]" => below == "when" ? "at = 1 s, kill = 0, " : below == "for" ? "at = 1 s, pause = 0, " : "",
            "trace" when at > 1 => "file = t.trace, ",
            "within" => $"pattern = {kind}, ",
            "parts[]" => $"weight = 1, first = 0 %, pages = 100 %, pattern = {kind}, ",
            _ => "",
        };
    }

    private static ConfigurationError[] Errors(string text)
    {
        try
        {
            ConfigEnvironment environment = Loading.Environment(text, ("lab/t.trace", "0 e 1 r\n"));
            ScenarioLoader.Read(new LoadContext(Loading.File, environment), [], null);
            return [];
        }
        catch (ConfigurationException wrong)
        {
            return [.. wrong.Errors];
        }
    }

    private static JsonNode Json(string text) => JsonNode.Parse(HoconConfig.ParseText(text).Resolve().Root.ToString())!;

    private static bool IsValid(JsonNode document) => Evaluate(document).IsValid;

    private static void AssertValid(JsonNode document)
    {
        EvaluationResults results = Evaluate(document);
        Assert.True(results.IsValid, string.Join('\n', (results.Details ?? [])
            .Where(one => !one.IsValid && one.Errors is not null)
            .OrderByDescending(one => one.InstanceLocation.SegmentCount)
            .SelectMany(one => one.Errors!.Select(error => $"{one.InstanceLocation}: {error.Value}")).Take(20)));
    }

    private static EvaluationResults Evaluate(JsonNode document)
    {
        using JsonDocument parsed = JsonDocument.Parse(document.ToJsonString());
        return Schema.Evaluate(parsed.RootElement, new EvaluationOptions { OutputFormat = OutputFormat.List });
    }
}
