using System.Text.RegularExpressions;
using EpcActors.Hocon;
using EpcActors.Scenarios.Configuration;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace EpcActors.Imports.Reading;

/// <summary>
/// Reads YAML documents into <see cref="DataNode"/> with their places. Built on the parser's events, not on a tree of
/// the library: nesting and size are bounded here, for every file.
/// </summary>
internal sealed partial class YamlText
{
    private const int MostNesting = 100;
    private const int MostNodes = 1_000_000;

    private readonly string _source;
    private readonly ImportLog _log;
    private readonly Parser _parser;
    private readonly Dictionary<AnchorName, DataNode> _anchors = [];
    private int _nodes;

    private YamlText(string text, string source, ImportLog log)
    {
        _source = source;
        _log = log;
        _parser = new Parser(new Scanner(new StringReader(text), skipComments: true));
    }

    /// <summary>All documents of the text that are not empty.</summary>
    /// <exception cref="ConfigurationException">The text is not valid YAML.</exception>
    public static IReadOnlyList<DataNode> Read(string text, string source, ImportLog log)
    {
        YamlText reader = new(text, source, log);
        try
        {
            return reader.ReadDocuments();
        }
        catch (YamlException wrong)
        {
            throw log.Fail(
                reader.At(wrong.Start),
                "",
                $"this is not valid YAML: {wrong.Message.TrimEnd('.')}",
                "mind the indentation, colons followed by a blank, and quotes around texts with ': ' or ' #'");
        }
    }

    private List<DataNode> ReadDocuments()
    {
        List<DataNode> documents = [];
        while (_parser.MoveNext())
        {
            if (_parser.Current is DocumentStart)
            {
                _anchors.Clear();
                Next();
                DataNode document = ReadNode(0);
                if (document is not DataScalar { Scalar: ScalarKind.Null })
                {
                    documents.Add(document);
                }
            }
        }

        return documents;
    }

    private ParsingEvent Next()
    {
        if (!_parser.MoveNext())
        {
            throw _log.Fail(new HoconOrigin(_source, 0, 0), "", "the text ends inside a document", "complete it");
        }

        return _parser.Current!;
    }

    /// <summary>The node that the current event begins; its last event is the current one behind it.</summary>
    private DataNode ReadNode(int depth)
    {
        ParsingEvent current = _parser.Current!;
        HoconOrigin at = At(current.Start);
        if (depth > MostNesting || ++_nodes > MostNodes)
        {
            throw _log.Fail(
                at,
                "",
                depth > MostNesting
                    ? $"more than {MostNesting} levels of nesting"
                    : $"more than {MostNodes} values",
                "no file of this kind is so large; check what it is");
        }

        switch (current)
        {
            case AnchorAlias alias:
                return _anchors.TryGetValue(alias.Value, out DataNode? known)
                    ? known
                    : throw _log.Fail(at, "", $"there is no anchor '{alias.Value}' above", "write the value itself");
            case Scalar scalar:
                return Keep(scalar, new DataScalar(at, scalar.Value, KindOf(scalar)));
            case SequenceStart start:
                List<DataNode> items = [];
                while (Next() is not SequenceEnd)
                {
                    items.Add(ReadNode(depth + 1));
                }

                return Keep(start, new DataList(at, items));
            case MappingStart start:
                return Keep(start, ReadMap(at, depth));
            default:
                throw _log.Fail(at, "", "a value is missing", "write one");
        }
    }

    private DataMap ReadMap(HoconOrigin at, int depth)
    {
        DataMap map = new(at);
        List<DataNode> merged = [];
        while (Next() is not MappingEnd)
        {
            HoconOrigin keyAt = At(_parser.Current!.Start);
            DataNode key = ReadNode(depth + 1);
            Next();
            DataNode value = ReadNode(depth + 1);
            if (key is not DataScalar { Text: string name })
            {
                throw _log.Fail(keyAt, "", $"a key is {key.Kind}", "write a word");
            }

            if (name == "<<")
            {
                merged.AddRange(value is DataList list ? list.Items : [value]);
            }
            else if (!map.TryAdd(name, keyAt, value))
            {
                _log.Error(
                    keyAt,
                    name,
                    $"the key stands here a second time; the first is in line {map.KeyOrigin(name).Line}",
                    "drop one of the two");
            }
        }

        // A merge key: what the map has itself wins, then the earlier map.
        foreach (DataMap other in merged.OfType<DataMap>())
        {
            foreach (string name in other.Keys)
            {
                map.TryAdd(name, other.KeyOrigin(name), other.Find(name)!);
            }
        }

        return map;
    }

    private DataNode Keep(NodeEvent node, DataNode value)
    {
        if (!node.Anchor.IsEmpty)
        {
            _anchors[node.Anchor] = value;
        }

        return value;
    }

    private HoconOrigin At(Mark mark) =>
        new(_source, (int)Math.Clamp(mark.Line, 1, int.MaxValue), (int)Math.Clamp(mark.Column, 1, int.MaxValue));

    /// <summary>The types that Kubernetes sees: those of YAML 1.1, in plain scalars only.</summary>
    private static ScalarKind KindOf(Scalar scalar)
    {
        if (scalar.Style is not ScalarStyle.Plain || scalar.Tag == "tag:yaml.org,2002:str" || scalar.Tag == "!")
        {
            return ScalarKind.Text;
        }

        return scalar.Value switch
        {
            "" or "~" or "null" or "Null" or "NULL" => ScalarKind.Null,
            "true" or "True" or "TRUE" or "false" or "False" or "FALSE" or "yes" or "Yes" or "YES"
                or "no" or "No" or "NO" or "on" or "On" or "ON" or "off" or "Off" or "OFF" => ScalarKind.Boolean,
            string text => Number.IsMatch(text) ? ScalarKind.Number : ScalarKind.Text,
        };
    }

    [GeneratedRegex(@"^[+-]?(\d[\d_]*(\.\d*)?|\.\d+)([eE][+-]?\d+)?$", RegexOptions.ExplicitCapture)]
    private static partial Regex Number { get; }
}
