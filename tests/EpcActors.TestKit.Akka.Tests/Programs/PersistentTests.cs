using global::Akka.Actor;
using global::Akka.Persistence;

namespace EpcActors.TestKit.Akka.Tests.Programs;

/// <summary>
/// Two persistent accounts and a transfer between them: the money is taken when the command comes, not when the event
/// is written, so a question in between sees too much or too little.
/// </summary>
[Trait("tier", "slow")] // A journal for each schedule.
public sealed class PersistentTests : Programs
{
    protected override string Configuration =>
        """
        akka.persistence.journal.plugin = "akka.persistence.journal.inmem"
        akka.persistence.snapshot-store.plugin = "akka.persistence.snapshot-store.inmem"
        """;

    [Fact]
    public void Two_withdrawals_pass_the_check_of_one_balance()
    {
        FoundAndRepaired(
            waitsForJournal => race =>
            {
                Books books = new();
                IActorRef from = race.ActorOf(
                    Props.Create(() => new Account("from", 100, books, waitsForJournal)), "from");
                IActorRef to = race.ActorOf(Props.Create(() => new Account("to", 0, books, waitsForJournal)), "to");
                race.RunToRest();
                from.Tell(new Transfer(80, to));
                from.Tell(new Transfer(80, to));
                race.Finally(() => Assert.True(books.Lowest >= 0, $"balance {books.Lowest}"), "no debt");
            },
            "no debt",
            atMost: 40);
    }

    private sealed class Books
    {
        public int Lowest { get; set; }
    }

    private sealed record Transfer(int Amount, IActorRef To);

    private sealed record Deposit(int Amount);

    private sealed record Changed(int By);

    private sealed class Account : UntypedPersistentActor
    {
        private readonly Books _books;
        private readonly bool _waits;
        private int _balance;

        public Account(string id, int balance, Books books, bool waits)
        {
            PersistenceId = id;
            _balance = balance;
            _books = books;
            _waits = waits;
        }

        public override string PersistenceId { get; }

        protected override void OnCommand(object message)
        {
            switch (message)
            {
                case Transfer transfer when _balance >= transfer.Amount:
                    if (_waits)
                    {
                        Persist(new Changed(-transfer.Amount), changed => Pay(changed, transfer));
                    }
                    else
                    {
                        // Does not keep other commands waiting, "for it is faster".
                        PersistAsync(new Changed(-transfer.Amount), changed => Pay(changed, transfer));
                    }

                    break;
                case Deposit deposit:
                    Persist(new Changed(deposit.Amount), Apply);
                    break;
            }
        }

        protected override void OnRecover(object message)
        {
            if (message is Changed changed)
            {
                Apply(changed);
            }
        }

        private void Pay(Changed changed, Transfer transfer)
        {
            Apply(changed);
            transfer.To.Tell(new Deposit(transfer.Amount));
        }

        private void Apply(Changed changed)
        {
            _balance += changed.By;
            _books.Lowest = Math.Min(_books.Lowest, _balance);
        }
    }
}
