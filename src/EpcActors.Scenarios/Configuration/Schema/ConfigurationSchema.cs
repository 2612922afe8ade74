using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using EpcActors.Hocon;

namespace EpcActors.Scenarios.Configuration;

/// <summary>
/// The configuration as JSON Schema, draft 2020-12, for editors. Keys and forms are what the readers of the loader say
/// of themselves, descriptions and defaults those of config/reference.conf: there is no list beside these two. The
/// schema takes what the loader takes, but for what depends on other keys, such as names of enclaves and cgroups.
/// </summary>
public sealed class ConfigurationSchema
{
    private const string NamePattern = "^[A-Za-z0-9][A-Za-z0-9._-]*$";

    /// <summary>
    /// Begins with a slash. Some validators take the pattern for a part of a JSON pointer, where one divides.
    /// </summary>
    private const string PathPattern = @"^\x2f";

    /// <summary>Objects that stand in several places, or in themselves.</summary>
    private static readonly Dictionary<string, string> Shared = new(StringComparer.Ordinal)
    {
        ["epc"] = "epc",
        ["epc.cgroups.<path>"] = "cgroup",
        ["epc.enclaves.<name>.steps[]"] = "step",
        ["epc.enclaves.<name>.steps[].run.within"] = "pattern",
        ["epc.enclaves.<name>.steps[].run.parts[]"] = "part",
    };

    private readonly ShapeRecorder _shapes;
    private readonly ReferenceDocuments _documents = new();
    private readonly ILookup<string, string> _keys;
    private readonly SortedDictionary<string, JsonObject?> _definitions = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _leaves = new(StringComparer.Ordinal);

    private ConfigurationSchema()
    {
        (IReadOnlySet<string> keys, _shapes) = SchemaSpecimen.Read();
        _keys = keys.Where(key => key.StartsWith("epc.", StringComparison.Ordinal) && !IsOfMap(key))
            .Select(Split)
            .Select(one => (Parent: ShapeRecorder.Canonical(one.Parent), one.Key))
            .Distinct()
            .ToLookup(one => one.Parent, one => one.Key, StringComparer.Ordinal);

        bool IsOfMap(string key) => _shapes.Maps.Keys.Any(map =>
            ShapeRecorder.Canonical(key).StartsWith(map + ".", StringComparison.Ordinal));
    }

    internal static JsonSerializerOptions Compact { get; } = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static JsonSerializerOptions Pretty { get; } = new(Compact) { WriteIndented = true, NewLine = "\n" };

    /// <summary>The schema as a document.</summary>
    public static string Text() => new ConfigurationSchema().Build().ToJsonString(Pretty);

    /// <summary>
    /// What <c>--set</c> takes, for shells to offer: <c>key=</c> for each key without names of the user's in it, and
    /// <c>key=word</c> for each word that its value may be.
    /// </summary>
    public static IReadOnlyList<string> Assignments() => All.Value;

    private static Lazy<IReadOnlyList<string>> All { get; } = new(() =>
    {
        SortedSet<string> all = new(StringComparer.Ordinal);
        Collect(new ConfigurationSchema().Build(), all);
        return [.. all];
    });

    private static void Collect(JsonNode node, SortedSet<string> all)
    {
        if (node is JsonObject value && value["title"] is JsonValue title && title.TryGetValue(out string? key)
            && key.StartsWith("epc.", StringComparison.Ordinal) && key.IndexOfAny(['<', '[']) < 0
            && value["properties"] is null && value["$ref"]?.GetValue<string>() != "#/$defs/cgroup")
        {
            JsonArray? words = value["enum"] as JsonArray ?? (value["anyOf"] as JsonArray)?[0]?["enum"] as JsonArray;
            string[] plain = [.. (words ?? []).OfType<JsonValue>()
                .Select(word => word.TryGetValue(out string? text) ? text : "")
                .Where(text => text.Length > 0 && text is not ("yes" or "no" or "true" or "false" or "0"))];
            all.UnionWith(plain.Select(word => $"{key}={word}"));
            if (plain.Length == 0 || value["enum"] is null)
            {
                all.Add($"{key}=");
            }
        }

        IEnumerable<JsonNode?> parts =
            node is JsonObject fields ? fields.Select(field => field.Value) : node as JsonArray ?? [];
        foreach (JsonNode? below in parts)
        {
            if (below is JsonObject or JsonArray)
            {
                Collect(below, all);
            }
        }
    }

    /// <summary>Keys that the schema has, as paths with placeholders.</summary>
    internal static IReadOnlySet<string> Keys()
    {
        ConfigurationSchema schema = new();
        schema.Build();
        return schema._leaves;
    }

    private JsonObject Build()
    {
        JsonNode epc = ObjectOf("epc");
        JsonObject definitions = [];
        foreach ((string name, JsonObject? definition) in _definitions)
        {
            definitions[name] = definition;
        }

        return new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = "EpcActors: a scenario or a race",
            ["description"] = "Written by 'epc config schema'.",
            ["type"] = "object",
            ["properties"] = new JsonObject
            {
                [ScenarioLoader.SchemaKey] = Plain("string", "For editors: the place of this schema."),
                ["epc"] = epc,
                ["akka"] = Plain("object", "For the ActorSystem of a run on Akka.NET, under Akka's own names."),
                ["vars"] = Plain("object", "Values of your own, used as ${vars.name}."),
            },
            ["additionalProperties"] = false,
            ["$defs"] = definitions,
        };
    }

    /// <summary>An object by its path: in place, or by reference when it stands in several.</summary>
    private JsonObject ObjectOf(string path)
    {
        path = ShapeRecorder.Canonical(path);
        path = _shapes.Aliases.GetValueOrDefault(path, path);
        if (!Shared.TryGetValue(path, out string? name))
        {
            return Members(path);
        }

        // Marked before it is made: it may stand in itself.
        if (_definitions.TryAdd(name, null))
        {
            _definitions[name] = Members(path);
        }

        return new JsonObject { ["$ref"] = $"#/$defs/{name}" };
    }

    private JsonObject Members(string path)
    {
        JsonObject schema = new() { ["type"] = "object" };
        JsonObject properties = [];
        foreach (string key in KeysOf(path))
        {
            properties[key] = Value(path, key);
        }

        if (properties.Count > 0)
        {
            schema["properties"] = properties;
        }

        (string Placeholder, string Pattern)[] names = [("<name>", NamePattern), ("<path>", PathPattern)];
        bool isTree = path == "epc.cgroups.<path>";
        foreach ((string placeholder, string pattern) in names)
        {
            string below = isTree && placeholder == "<path>" ? path : $"{path}.{placeholder}";
            if (_shapes.Objects.Contains(below) && (isTree || below != path) && (placeholder == "<path>" || !isTree))
            {
                schema["patternProperties"] = new JsonObject { [pattern] = ObjectOf(below) };
            }
        }

        if (_shapes.Maps.TryGetValue(path, out (string KeyPattern, ValueShape[] Forms) map))
        {
            JsonObject value = map.Forms is [var list, .. var elements] && list == ValueShape.List
                ? List([.. elements.Select(Parsed)])
                : Any([.. map.Forms.Select(Parsed)]);
            if (map.KeyPattern.Length > 0)
            {
                schema["patternProperties"] = new JsonObject { [map.KeyPattern] = value };
                return schema;
            }

            schema["additionalProperties"] = value;
            return schema;
        }

        schema["additionalProperties"] = false;
        return schema;
    }

    /// <summary>Keys of an object. A default may have the keys of the reference only.</summary>
    private IEnumerable<string> KeysOf(string path) =>
        path.StartsWith("epc.defaults.", StringComparison.Ordinal)
            && ReferenceDocuments.DefaultOf(path) is HoconObject block
                ? block.Keys
                : _keys[path].Order(StringComparer.Ordinal);

    private JsonObject Value(string parent, string key)
    {
        _leaves.Add($"{parent}.{key}");
        List<JsonObject> forms = [];
        foreach (ValueShape form in _shapes.FormsOf(parent, key))
        {
            forms.Add(form == ValueShape.List ? List(Elements(parent, key)) : Parsed(form));
        }

        string[] paths = [.. _shapes.Alike(parent).Select(one => $"{one}.{key}")];
        if (paths.Select(ShapeRecorder.Canonical).FirstOrDefault(_shapes.Objects.Contains) is { } path)
        {
            forms.Add(ObjectOf(path));
        }

        string words = paths.Select(_documents.Of).FirstOrDefault(one => one.Length > 0, "");
        HoconValue? standard = paths.Select(ReferenceDocuments.DefaultOf).FirstOrDefault(one => one is not null);
        return Described(Any(forms), $"{parent}.{key}", words, standard);
    }

    private List<JsonObject> Elements(string parent, string key)
    {
        List<JsonObject> forms = [.. _shapes.FormsOfElements(parent, key).Select(Parsed)];
        string? path = _shapes.Alike(parent).Select(one => ShapeRecorder.Canonical($"{one}.{key}[]"))
            .FirstOrDefault(one => _shapes.Objects.Contains(one) || _shapes.Aliases.ContainsKey(one));
        if (path is not null)
        {
            forms.Add(ObjectOf(path));
            if (_shapes.Aliases.TryGetValue(path, out string? target))
            {
                // The words of the elements are said where the list of the target is read.
                (string parentOfTarget, string list) = Split(target[..^2]);
                forms.InsertRange(0, _shapes.FormsOfElements(parentOfTarget, list).Select(Parsed));
            }
        }

        return forms;
    }

    /// <summary>A list, or an object with numbers for keys, which HOCON takes for one.</summary>
    private static JsonObject List(IReadOnlyList<JsonObject> elements)
    {
        JsonObject element = Any(elements);
        return new JsonObject
        {
            ["anyOf"] = new JsonArray(
                new JsonObject { ["type"] = "array", ["items"] = element },
                new JsonObject
                {
                    ["type"] = "object",
                    ["patternProperties"] = new JsonObject { ["^[0-9]+$"] = element.DeepClone() },
                    ["additionalProperties"] = false,
                    ["minProperties"] = 1,
                }),
        };
    }

    /// <summary>One of several forms; words of all of them are one list.</summary>
    private static JsonObject Any(IReadOnlyList<JsonObject> forms)
    {
        List<JsonNode> words = [];
        JsonArray others = [];
        foreach (JsonObject form in forms)
        {
            if (form["enum"] is JsonArray some)
            {
                words.AddRange(some.Select(word => word!.DeepClone())
                    .Where(word => !words.Exists(one => JsonNode.DeepEquals(one, word))));
            }
            else
            {
                JsonArray alternatives = form["anyOf"] is JsonArray several ? several : new JsonArray(form.DeepClone());
                foreach (JsonNode? alternative in alternatives)
                {
                    others.Add(alternative!.DeepClone());
                }
            }
        }

        if (words.Count > 0)
        {
            others.Insert(0, new JsonObject { ["enum"] = new JsonArray([.. words]) });
        }

        return others.Count == 1 ? (JsonObject)others[0]!.DeepClone() : new JsonObject { ["anyOf"] = others };
    }

    private static JsonObject Described(JsonObject form, string title, string words, HoconValue? standard)
    {
        JsonObject schema = [];
        if (title.Length > 0)
        {
            schema["title"] = title;
        }

        if (words.Length > 0)
        {
            schema["description"] = words;
        }

        foreach ((string key, JsonNode? value) in form)
        {
            schema[key] = value?.DeepClone();
        }

        if (standard is not (null or HoconObject or HoconNull))
        {
            schema["default"] = JsonNode.Parse(standard.ToString()!);
        }

        return schema;
    }

    private static JsonObject Plain(string type, string words) =>
        Described(new JsonObject { ["type"] = type }, "", words, null);

    private static (string Parent, string Key) Split(string path) =>
        (path[..path.LastIndexOf('.')], path[(path.LastIndexOf('.') + 1)..]);

    private JsonObject Parsed(ValueShape form)
    {
        JsonObject schema = (JsonObject)JsonNode.Parse(form.Json)!;
        if (form.Definition.Length == 0)
        {
            return schema;
        }

        _definitions.TryAdd(form.Definition, schema);
        return new JsonObject { ["$ref"] = $"#/$defs/{form.Definition}" };
    }
}
