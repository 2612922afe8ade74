using System.Globalization;
using System.Text;
using System.Xml;
using EpcActors.Results.Text;

namespace EpcActors.Reports;

/// <summary>
/// Answers as a JUnit file, which build servers read. No standard defines that format. The file keeps to what the
/// schemas in use have in common: those of Ant's reports, of Surefire and of the Jenkins plugins. So every element and
/// attribute that one of them asks for is there, in its order, and none that one of them does not know.
/// </summary>
public static class JUnitReport
{
    private static readonly XmlWriterSettings Settings = new()
    {
        Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        Indent = true,
        NewLineChars = "\n",
        NewLineHandling = NewLineHandling.None,
    };

    /// <summary>Writes the suites as UTF-8; the stream stays open.</summary>
    public static void Write(Stream stream, IReadOnlyList<JUnitSuite> suites)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(suites);
        using XmlWriter xml = XmlWriter.Create(stream, Settings);
        HashSet<string> names = new(StringComparer.Ordinal);
        xml.WriteStartDocument();
        xml.WriteStartElement("testsuites");
        for (int i = 0; i < suites.Count; i++)
        {
            WriteSuite(xml, suites[i], i, names);
        }

        xml.WriteEndElement();
        xml.WriteEndDocument();
    }

    /// <summary>The same document as a string.</summary>
    public static string ToXml(IReadOnlyList<JUnitSuite> suites)
    {
        using MemoryStream stream = new();
        Write(stream, suites);
        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    /// <summary>
    /// Joins names with dots, as those of packages and a class. A dot within one, as of <c>linux-6.16</c>, would be
    /// read as one more package, so it becomes an underscore.
    /// </summary>
    public static string ClassName(params IEnumerable<string> names) =>
        string.Join('.', names.Where(name => name.Length > 0).Select(name => name.Replace('.', '_')));

    private static void WriteSuite(XmlWriter xml, JUnitSuite suite, int id, HashSet<string> names)
    {
        xml.WriteStartElement("testsuite");
        Attribute(xml, "name", suite.Name);
        Attribute(xml, "package", suite.ClassName);
        Attribute(xml, "id", Number(id));

        // Ant's schema takes no zone; it is UTC.
        Attribute(xml, "timestamp", suite.At.ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture));
        Attribute(xml, "hostname", suite.Host.Length > 0 ? suite.Host : "localhost");
        Attribute(xml, "tests", Number(suite.Cases.Count));
        Attribute(xml, "failures", Number(suite.Cases.Count(one => one.Outcome == JUnitOutcome.Failed)));
        Attribute(xml, "errors", Number(suite.Cases.Count(one => one.Outcome == JUnitOutcome.Undecided)));
        Attribute(xml, "skipped", Number(suite.Cases.Count(one => one.Outcome == JUnitOutcome.Skipped)));
        Attribute(xml, "time", Seconds(suite.Cases.Aggregate(TimeSpan.Zero, (sum, one) => sum + one.Time)));
        xml.WriteStartElement("properties");
        foreach ((string name, string value) in suite.Properties)
        {
            xml.WriteStartElement("property");
            Attribute(xml, "name", name);
            Attribute(xml, "value", value);
            xml.WriteEndElement();
        }

        xml.WriteEndElement();
        foreach (JUnitCase one in suite.Cases)
        {
            WriteCase(xml, suite, one, names);
        }

        xml.WriteElementString("system-out", Legal(suite.Output));
        xml.WriteElementString("system-err", Legal(suite.Notes));
        xml.WriteEndElement();
    }

    private static void WriteCase(XmlWriter xml, JUnitSuite suite, JUnitCase one, HashSet<string> names)
    {
        xml.WriteStartElement("testcase");
        Attribute(xml, "name", Unique(OneLine(one.Name), suite.ClassName, names));
        Attribute(xml, "classname", suite.ClassName);
        Attribute(xml, "time", Seconds(one.Time));
        string? element = one.Outcome switch
        {
            JUnitOutcome.Passed => null,
            JUnitOutcome.Failed => "failure",
            JUnitOutcome.Undecided => "error",
            JUnitOutcome.Skipped => "skipped",
        };
        if (element is not null)
        {
            xml.WriteStartElement(element);
            Attribute(xml, "message", one.Message);
            if (one.Outcome != JUnitOutcome.Skipped)
            {
                Attribute(xml, "type", one.Type.Length > 0 ? one.Type : "undecided");
            }

            // Some readers show the text only, so it says everything; others show the attribute, in one line.
            xml.WriteString(Legal(one.Text.Length > 0 ? $"{one.Message}\n\n{one.Text.TrimEnd()}\n" : one.Message));
            xml.WriteEndElement();
        }

        xml.WriteEndElement();
    }

    /// <summary>GitLab takes the first case of a name and leaves out the others.</summary>
    private static string Unique(string name, string className, HashSet<string> names)
    {
        string free = name;
        for (int i = 2; !names.Add($"{className}\n{free}"); i++)
        {
            free = $"{name} ({Number(i)})";
        }

        return free;
    }

    private static void Attribute(XmlWriter xml, string name, string value) =>
        xml.WriteAttributeString(name, Legal(OneLine(value)));

    /// <summary>A parser makes spaces of the line ends in an attribute; here none are left, nor at its ends.</summary>
    private static string OneLine(string text) =>
        string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    /// <summary>
    /// XML has no way to write most control characters, half of a surrogate pair, U+FFFE and U+FFFF, not even as a
    /// reference: such a file is refused whole. They become <c>\u001b</c>, as on a terminal.
    /// </summary>
    private static string Legal(string text)
    {
        text = text.ReplaceLineEndings("\n");
        StringBuilder legal = new(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            char character = text[i];
            if (i + 1 < text.Length && XmlConvert.IsXmlSurrogatePair(text[i + 1], character))
            {
                legal.Append(character).Append(text[++i]);
            }
            else if (!XmlConvert.IsXmlChar(character) || PrintableText.IsHidden(character))
            {
                legal.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}");
            }
            else
            {
                legal.Append(character);
            }
        }

        return legal.ToString();
    }

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture);

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
