using System.Text;
using EpcActors.Hocon;
using EpcActors.Scenarios.Configuration;
using Tomlyn.Parsing;
using Tomlyn.Syntax;

namespace EpcActors.Imports.Reading;

/// <summary>Reads TOML into one flat <see cref="DataMap"/>: a key is its path with dots.</summary>
internal static class TomlText
{
    private const int MostNesting = 100;

    /// <exception cref="ConfigurationException">The text is not valid TOML.</exception>
    public static DataMap Read(string text, string source, ImportLog log)
    {
        string plain = WithoutTemplate(text, out bool isTemplate);
        RequireShallow(plain, source, log);
        DocumentSyntax document = SyntaxParser.Parse(plain, source, validate: true);
        string remedy = isTemplate
            ? "the file is a template: render it with gramine-manifest, and import the result"
            : "correct it; texts stand between quotes";
        foreach (DiagnosticMessage wrong in document.Diagnostics)
        {
            if (wrong.Kind == DiagnosticMessageKind.Error)
            {
                log.Error(At(source, wrong.Span), "", $"this is not valid TOML: {wrong.Message.TrimEnd('.')}", remedy);
            }
        }

        log.ThrowIfErrors();
        DataMap map = new(new HoconOrigin(source, 1, 1));
        Add(map, "", document.KeyValues, source);
        foreach (TableSyntaxBase table in document.Tables)
        {
            // The tables of an array have the same keys; none of those is read here.
            if (table is TableSyntax && table.Name is { } name)
            {
                Add(map, Path(name) + ".", table.Items, source);
            }
        }

        return map;
    }

    /// <summary>
    /// A text in which the marks of Jinja, in which manifests are often written, are blanks or texts of the same
    /// length: places stay.
    /// </summary>
    private static string WithoutTemplate(string text, out bool isTemplate)
    {
        isTemplate = text.Contains("{{", StringComparison.Ordinal) || text.Contains("{%", StringComparison.Ordinal);
        if (!isTemplate)
        {
            return text;
        }

        StringBuilder plain = new(text);
        Blank(plain, "{%", "%}");
        Blank(plain, "{#", "#}");
        string[] lines = plain.ToString().Split('\n');
        return string.Join('\n', lines.Select(Quote));

        // Outside of quotes a mark stands for a value: a text of its length is one, too.
        static string Quote(string line)
        {
            int at = 0;
            while ((at = line.IndexOf("{{", at, StringComparison.Ordinal)) >= 0)
            {
                int end = line.IndexOf("}}", at, StringComparison.Ordinal);
                if (end < 0)
                {
                    return line;
                }

                if (line[..at].Count(static c => c == '"') % 2 == 0)
                {
                    string inner = line[(at + 1)..(end + 1)].Replace('"', '\'').Replace('\\', '/');
                    line = $"{line[..at]}\"{inner}\"{line[(end + 2)..]}";
                }

                at = end + 2;
            }

            return line;
        }
    }

    private static void Blank(StringBuilder text, string begin, string end)
    {
        string all = text.ToString();
        int at = 0;
        while ((at = all.IndexOf(begin, at, StringComparison.Ordinal)) >= 0)
        {
            int stop = all.IndexOf(end, at, StringComparison.Ordinal);
            stop = stop < 0 ? all.Length : stop + end.Length;
            for (int i = at; i < stop; i++)
            {
                text[i] = text[i] is '\n' or '\r' ? text[i] : ' ';
            }

            at = stop;
        }
    }

    /// <summary>The parser calls itself for each level.</summary>
    private static void RequireShallow(string text, string source, ImportLog log)
    {
        int depth = 0;
        foreach (char c in text)
        {
            depth += c is '[' or '{' ? 1 : c is ']' or '}' ? -1 : 0;
            depth = Math.Max(depth, 0);
            if (depth > MostNesting)
            {
                throw log.Fail(
                    new HoconOrigin(source, 0, 0), "", $"more than {MostNesting} levels of nesting",
                    "no file of this kind is so deep; check what it is");
            }
        }
    }

    private static void Add(DataMap map, string prefix, SyntaxList<KeyValueSyntax> fields, string source)
    {
        foreach (KeyValueSyntax field in fields)
        {
            if (field.Key is not { } key || field.Value is not { } value)
            {
                continue;
            }

            string path = prefix + Path(key);
            if (value is InlineTableSyntax table)
            {
                foreach (InlineTableItemSyntax item in table.Items)
                {
                    if (item.KeyValue is { Key: { } inner, Value: { } own })
                    {
                        map.TryAdd($"{path}.{Path(inner)}", At(source, inner.Span), ToData(own, source));
                    }
                }
            }

            map.TryAdd(path, At(source, key.Span), ToData(value, source));
        }
    }

    private static string Path(KeySyntax key) =>
        string.Join('.', ((IEnumerable<BareKeyOrStringValueSyntax?>)[key.Key, .. key.DotKeys.Select(one => one.Key)])
            .Select(static part => part switch
            {
                BareKeySyntax bare => bare.Key?.Text ?? "",
                StringValueSyntax text => text.Value ?? "",
                _ => "",
            }));

    private static DataNode ToData(ValueSyntax value, string source)
    {
        HoconOrigin at = At(source, value.Span);
        return value switch
        {
            StringValueSyntax text => new DataScalar(at, text.Value ?? "", ScalarKind.Text),
            BooleanValueSyntax truth => new DataScalar(at, truth.Value ? "true" : "false", ScalarKind.Boolean),
            IntegerValueSyntax number => new DataScalar(
                at, number.Value.ToString(System.Globalization.CultureInfo.InvariantCulture), ScalarKind.Number),
            FloatValueSyntax number => new DataScalar(at, number.Token?.Text ?? "", ScalarKind.Number),
            _ => new DataList(at, []),
        };
    }

    private static HoconOrigin At(string source, SourceSpan span) =>
        new(source, Math.Max(1, span.Start.Line + 1), Math.Max(1, span.Start.Column + 1));
}
