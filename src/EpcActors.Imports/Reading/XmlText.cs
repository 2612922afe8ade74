using System.Xml;
using System.Xml.Linq;
using EpcActors.Hocon;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Imports.Reading;

/// <summary>Reads XML with places. Entities and document types are refused: they can grow without end.</summary>
internal static class XmlText
{
    /// <exception cref="ConfigurationException">The text is not valid XML.</exception>
    public static XElement Read(string text, string source, ImportLog log)
    {
        try
        {
            XmlReaderSettings settings = new() { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null };
            using XmlReader reader = XmlReader.Create(new StringReader(text), settings);
            return XDocument.Load(reader, LoadOptions.SetLineInfo).Root!;
        }
        catch (XmlException wrong)
        {
            throw log.Fail(
                new HoconOrigin(source, Math.Max(1, wrong.LineNumber), Math.Max(1, wrong.LinePosition)),
                "",
                $"this is not valid XML: {wrong.Message.ReplaceLineEndings(" ")}",
                "correct it");
        }
    }

    public static HoconOrigin At(XObject node, string source) => node is IXmlLineInfo line && line.HasLineInfo()
        ? new HoconOrigin(source, line.LineNumber, line.LinePosition)
        : new HoconOrigin(source, 0, 0);
}
