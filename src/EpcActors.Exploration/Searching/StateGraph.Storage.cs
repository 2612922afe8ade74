namespace EpcActors.Exploration;

/// <content>Kept for another day.</content>
internal sealed partial class StateGraph
{
    public void Write(BinaryWriter writer)
    {
        writer.WriteAll<Edge>(_edges.ToArray());
        writer.WriteAll<ulong>(_enabled.ToArray());
        writer.WriteAll<int>(_treeEdge.ToArray());
        writer.WriteAll<LeftOut>(_leftOut.ToArray());
        writer.WriteAll<(int State, int Task)>(_ends.ToArray());
        Write(writer, _choices);
        Write(writer, _rootChoices);
    }

    public void Read(BinaryReader reader)
    {
        _edges.AddRange(reader.ReadAll<Edge>());
        _enabled.AddRange(reader.ReadAll<ulong>());
        _treeEdge.AddRange(reader.ReadAll<int>());
        _leftOut.AddRange(reader.ReadAll<LeftOut>());
        _ends.UnionWith(reader.ReadAll<(int State, int Task)>());
        Read(reader, _choices);
        Read(reader, _rootChoices);
    }

    private static void Write(BinaryWriter writer, Dictionary<int, ushort[]> choices)
    {
        writer.Write(choices.Count);
        foreach ((int of, ushort[] decisions) in choices)
        {
            writer.Write(of);
            writer.WriteAll<ushort>(decisions);
        }
    }

    private static void Read(BinaryReader reader, Dictionary<int, ushort[]> choices)
    {
        int count = reader.ReadInt32();
        for (int i = 0; i < count; i++)
        {
            choices.Add(reader.ReadInt32(), reader.ReadAll<ushort>());
        }
    }
}
