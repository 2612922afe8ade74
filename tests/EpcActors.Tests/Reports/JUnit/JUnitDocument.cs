using System.Xml;
using System.Xml.Linq;
using System.Xml.Schema;
using EpcActors.Tests.Tidy;

namespace EpcActors.Tests.Reports.JUnit;

/// <summary>A JUnit file as a build server reads it: valid by the schema, with counts that are right.</summary>
internal sealed class JUnitDocument
{
    private JUnitDocument(XDocument document) => Suites = [.. document.Root!.Elements("testsuite")];

    public IReadOnlyList<XElement> Suites { get; }

    public IEnumerable<XElement> Cases => Suites.SelectMany(suite => suite.Elements("testcase"));

    /// <summary>Names of the cases with such an element in them.</summary>
    public string[] With(string element) =>
        [.. Cases.Where(one => one.Element(element) is not null).Select(one => one.Attribute("name")!.Value)];

    public string Property(string name) => Suites[0].Element("properties")!.Elements()
        .Single(one => one.Attribute("name")!.Value == name).Attribute("value")!.Value;

    public XElement Case(string name) => Cases.Single(one => one.Attribute("name")!.Value == name);

    /// <summary>Reads a file and judges it by the schema.</summary>
    public static JUnitDocument Parse(string xml)
    {
        string schema = Path.Combine(Repository.Root, "tests/EpcActors.Tests/Reports/JUnit/junit-common.xsd");
        XmlReaderSettings settings = new() { ValidationType = ValidationType.Schema, CheckCharacters = true };
        settings.Schemas.Add(null, schema);
        settings.ValidationFlags |= XmlSchemaValidationFlags.ReportValidationWarnings;
        settings.ValidationEventHandler += (_, wrong) => Assert.Fail($"{wrong.Exception.LineNumber}: {wrong.Message}");
        using XmlReader reader = XmlReader.Create(new StringReader(xml), settings);
        JUnitDocument document = new(XDocument.Load(reader));
        foreach (XElement suite in document.Suites)
        {
            XElement[] cases = [.. suite.Elements("testcase")];
            Assert.Equal(cases.Length, (int)suite.Attribute("tests")!);
            Assert.Equal(cases.Count(one => one.Element("failure") is not null), (int)suite.Attribute("failures")!);
            Assert.Equal(cases.Count(one => one.Element("error") is not null), (int)suite.Attribute("errors")!);
            Assert.Equal(cases.Count(one => one.Element("skipped") is not null), (int)suite.Attribute("skipped")!);
            Assert.Equal(cases.Sum(one => (decimal)one.Attribute("time")!), (decimal)suite.Attribute("time")!);
        }

        string[] names = [.. document.Cases.Select(one => $"{one.Attribute("classname")} {one.Attribute("name")}")];
        Assert.Distinct(names);
        return document;
    }
}
