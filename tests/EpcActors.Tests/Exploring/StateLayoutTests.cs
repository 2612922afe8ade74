using EpcActors.Engine;
using EpcActors.Engine.Simulation.Exploring;
using EpcActors.Kernel.Epc;

namespace EpcActors.Tests.Exploring;

/// <summary>Which structs are compared by their bytes must not depend on the runtime that lays them out.</summary>
public sealed class StateLayoutTests
{
    private enum Small : byte
    {
        One,
    }

    [Theory]
    [InlineData(typeof(int), true)]
    [InlineData(typeof(Small), true)]
    [InlineData(typeof(ActorId), true)]
    [InlineData(typeof(InOrder), true)]
    [InlineData(typeof(WithGap), false)]
    [InlineData(typeof((int, int)), true)]
    [InlineData(typeof((long, long)), true)]
    [InlineData(typeof((int, byte, byte, short)), false)] // One runtime sorts by size, another does not.
    [InlineData(typeof((short, int, short)), false)]
    [InlineData(typeof((ActorId, int)), false)] // One runtime puts structs behind numbers, at multiples of a word.
    [InlineData(typeof((EpcPageIndex, int)), false)]
    [InlineData(typeof(string), false)]
    public void A_struct_is_its_bytes_where_every_runtime_lays_it_out_alike(Type type, bool expected) =>
        Assert.Equal(expected, StateFields.IsItsBytes(type));

    private readonly record struct InOrder(long A, int B, Small C, byte D, short E);

    private readonly record struct WithGap(byte A, int B);
}
