// The namespace EpcActors.TestKit hides the class of that name.
global using AkkaTestKit = Akka.TestKit.Xunit2.TestKit;
